/** What waits for review, on the live page: the list, the evidence, and the decision. A part of its script, which has the rest. */
export const reviewsScript = String.raw`
// ---- reviews
let reviews = []
let moreReviews = false
const kindWords = { malformed: 'Could not be read', 'unknown-transaction': 'Unknown transaction', ambiguous: 'Several sessions fit', poison: 'Could not be recorded', 'inferred-end': 'No stop came', 'untrusted-clock': 'Clock not trusted', 'meter-reset': 'Meter was reset', 'suspect-energy': 'Energy in doubt, not billed', 'unreadable-register': 'Register could not be read', 'ambiguous-start': 'Start told twice?', 'unapproved-charger': 'Charger was not accepted', 'contested-identity': 'Two boxes, one identity', unpriced: 'No price possible' }
const meantWords = { TransactionStart: 'start', TransactionStop: 'stop', MeterValues: 'meter values' }
const transactionOf = (review) => (review.sessionId ? decode(review.sessionId.slice(review.sessionId.indexOf('.') + 1)) : '')

function reviewRow(review) {
  const open = element('button', { className: 'link', type: 'button', onclick: () => void showReview(review) }, review.kinds.map((kind) => kindWords[kind] || kind).join(', '))
  open.setAttribute('aria-label', open.textContent + ' at ' + review.chargerId + ': look and decide')
  return element('tr', {},
    element('td', { label: 'Why' }, open),
    element('td', { label: 'Charger' }, review.chargerId),
    element('td', { label: 'Session' }, transactionOf(review) || review.transactionId || '–'),
    element('td', { label: 'What', className: 'detail' }, review.detail),
    element('td', { label: 'Since', title: review.since }, since(review.since)))
}
function drawReviews() {
  byId('tile-reviews').textContent = reviews.length + (moreReviews ? '+' : '')
  byId('reviews').replaceChildren(...reviews.map(reviewRow))
  byId('no-reviews').hidden = reviews.length > 0
}

async function showReview(review) {
  const body = byId('review-body')
  byId('review-title').textContent = (kindWords[review.kind] || review.kind) + ' at ' + review.chargerId
  body.replaceChildren(element('p', { className: 'soft' }, 'Reading…'))
  byId('review').showModal()
  try {
    const detail = await get('/v1/reviews/' + review.id)
    // what is known of the session fills the form; without it the form is empty
    const session = detail.sessionId ? await get('/v1/sessions/' + encodeURIComponent(detail.sessionId)).catch(() => null) : null
    body.replaceChildren(...evidenceOf(detail), ...relatedOf(detail), detail.state !== 'open' ? outcomeOf(detail) : detail.after ? afterOther(detail) : decisionForm(detail, session))
  } catch (error) {
    body.replaceChildren(element('p', { className: 'bad' }, error.message))
  }
}
function evidenceOf(detail) {
  const frame = detail.frame
  const said = !frame ? null : 'text' in frame ? frame.text : frame.erased ? 'the frame was erased' : JSON.stringify(frame)
  const folded = (words, text) => element('details', {}, element('summary', {}, words), element('pre', {}, text))
  return [
    element('p', {}, detail.detail),
    said === null ? null : element('h3', {}, 'What the charger sent'),
    said === null ? null : element('pre', {}, said),
    detail.normalisations.length ? folded('What was put right in it', detail.normalisations.map((one) => one.rule + ' at ' + one.path + ': ' + one.raw).join('\n')) : null,
    folded(detail.type + ', as it stands in the log', JSON.stringify(detail.data, null, 1)),
  ].filter(Boolean)
}
// the others of its transaction, and the one that comes first
const reviewLink = (id) => {
  const known = reviews.find((one) => one.id === id) || { id, kind: 'review', chargerId: '' }
  return element('button', { className: 'link', type: 'button', onclick: () => void showReview(known) }, (kindWords[known.kind] || 'Another review') + ', ' + (known.since ? since(known.since) : id))
}
const relatedOf = ({ relatedReviews, transactionId }) =>
  relatedReviews.length ? [element('details', {}, element('summary', {}, 'What else waits, or did, of transaction ' + transactionId), element('ul', {}, ...relatedReviews.map((id) => element('li', {}, reviewLink(id)))))] : []
const afterOther = ({ after, transactionId }) =>
  element('p', {}, 'The start of transaction ' + transactionId + ' waits itself. Settle that one first, then this: ', reviewLink(after))
const outcomeOf = (detail) => element('p', { className: 'soft' }, 'Settled as ' + detail.decision + ' by ' + (detail.settledBy ? detail.settledBy.id : 'itself') + (detail.note ? ': ' + detail.note : ''))

// what can be decided about it, and the transaction that is meant as far as it is known
function choicesFor({ type, data, sessionId }, running = []) {
  const named = transactionOf({ sessionId })
  const correct = { kind: 'correct', words: 'Correct the session', transactionId: named, fixed: named !== '' }
  const dismiss = { kind: 'dismiss', words: 'Leave it as it is' }
  if (type === 'ChargerIdentityContested') return [dismiss]
  if (type !== 'FrameParked') return [correct, dismiss]
  // a transaction that nobody knows was named in vain: the only one that runs is the nearer guess
  const guess = running.length === 1 ? running[0].transactionId : ''
  const meant = (data.reason === 'unknown-transaction' && guess) || data.namedTransaction || guess
  const start = data.meant === 'TransactionStart'
  const readable = start ? data.idToken : data.meant === 'TransactionStop' ? data.occurredAt : data.registers
  const attribute = start
    ? { kind: 'attribute', words: 'Make it the session that it began', transactionId: data.transactionId, fixed: true, placeless: data.evseId === undefined }
    : { kind: 'attribute', words: 'These ' + meantWords[data.meant] + ' belong to a session', transactionId: meant, fixed: false }
  if (data.meant === 'TransactionStop') attribute.words = 'It ended a session'
  return [...(readable ? [attribute] : []), { ...correct, transactionId: start ? data.transactionId || '' : meant, fixed: false }, dismiss]
}
// how a time stands in its field: local, to the second
const localTime = (iso) => (iso ? new Date(Date.parse(iso) - new Date(iso).getTimezoneOffset() * 60000).toISOString().slice(0, 19) : '')
/** What the fields of a correction begin with: what holds of the session now, and what the parked message says instead. */
function knownFor({ type, data }, session) {
  const now = session ? { energyWh: String(session.energyWh), startedAt: localTime(session.startedAt), stoppedAt: localTime(session.stoppedAt) } : { energyWh: '', startedAt: '', stoppedAt: '' }
  const said = {}
  if (type === 'FrameParked' && data.occurredAt && data.meant !== 'MeterValues') said[data.meant === 'TransactionStart' ? 'startedAt' : 'stoppedAt'] = localTime(data.occurredAt.effectiveAt)
  if (type === 'FrameParked' && data.meterStop && session && session.meterStartWh !== null && data.meterStop.wh >= session.meterStartWh) said.energyWh = String(data.meterStop.wh - session.meterStartWh)
  return { now, shown: { ...now, ...said } }
}
/** Only what is another than holds now is a correction. */
const changedOnly = (given, now) => Object.fromEntries(Object.entries(given).map(([name, text]) => [name, name in now && text === now[name] ? '' : text]))
function decisionOf(kind, given) {
  if (kind === 'dismiss') return { kind }
  const transactionId = given.transactionId.trim()
  if (kind === 'attribute') return { kind, transactionId, ...(given.evseId ? { evseId: Number(given.evseId) } : {}) }
  const time = (name) => (given[name] ? { [name]: new Date(given[name]).toISOString() } : {})
  return { kind, transactionId, ...(given.energyWh === '' ? {} : { energyWh: Number(given.energyWh) }), ...time('startedAt'), ...time('stoppedAt') }
}
function decisionForm(detail, about) {
  const here = sessions.filter((one) => one.chargerId === detail.chargerId)
  const choices = choicesFor(detail, here.filter((one) => one.state === 'active'))
  const field = (words, name, options) => element('label', {}, words, element('input', { name, autocomplete: 'off', ...options }))
  const kind = element('select', { name: 'kind' }, ...choices.map((one) => element('option', { value: one.kind }, one.words)))
  const transaction = field('Transaction', 'transactionId', { required: true, maxLength: 36 })
  const evse = field('EVSE on which it began (its connector is not known)', 'evseId', { type: 'number', min: '1', max: '999', step: '1' })
  const times = element('div', { className: 'fields' },
    field('Energy in Wh', 'energyWh', { type: 'number', min: '0', step: '1' }), field('Began', 'startedAt', { type: 'datetime-local', step: '1' }), field('Ended', 'stoppedAt', { type: 'datetime-local', step: '1' }))
  const running = element('datalist', { id: 'review-transactions' }, ...here.map((one) => element('option', { value: one.transactionId }, (stateWords[one.state] || one.state) + ', ' + energy(one.energyWh))))
  transaction.lastChild.setAttribute('list', 'review-transactions')
  const problem = element('p', { className: 'bad', role: 'alert', hidden: true })
  const send = element('button', { className: 'primary', type: 'submit' }, 'Settle')
  const form = element('form', { className: 'decide' }, element('label', {}, 'Decision', kind), transaction, running, evse, times,
    field('Note: why (it stays in the log: name no person)', 'note', { maxLength: 500 }), problem, element('div', {}, send))
  let now = {}
  const fill = () => {
    const named = transaction.lastChild.value.trim()
    const session = about && String(about.transactionId) === named ? about : here.find((one) => one.transactionId === named)
    const known = knownFor(detail, session)
    now = known.now
    for (const [name, text] of Object.entries(known.shown)) form.elements[name].value = text
  }
  const choose = () => {
    const choice = choices.find((one) => one.kind === kind.value)
    transaction.hidden = choice.kind === 'dismiss'
    transaction.lastChild.disabled = choice.kind === 'dismiss'
    transaction.lastChild.readOnly = choice.fixed === true
    transaction.lastChild.value = choice.transactionId || ''
    evse.hidden = !choice.placeless
    evse.lastChild.disabled = !choice.placeless
    const places = (chargers.find((one) => one.chargerId === detail.chargerId) || { connectors: [] }).connectors.filter((one) => one.evseId > 0)
    if (choice.placeless && !evse.lastChild.value && places.length === 1) evse.lastChild.value = String(places[0].evseId)
    times.hidden = choice.kind !== 'correct'
    if (choice.kind === 'correct') fill()
  }
  transaction.lastChild.addEventListener('change', () => { if (kind.value === 'correct') fill() })
  kind.addEventListener('change', choose)
  choose()
  form.addEventListener('submit', async (submitted) => {
    submitted.preventDefault()
    const read = (name) => form.elements[name].value
    const decision = decisionOf(kind.value, { transactionId: read('transactionId'), evseId: form.elements.evseId.disabled ? '' : read('evseId'), ...changedOnly({ energyWh: read('energyWh'), startedAt: read('startedAt'), stoppedAt: read('stoppedAt') }, now) })
    const note = read('note').trim()
    send.disabled = true
    problem.hidden = true
    try {
      await ask('/v1/reviews/' + detail.id + '/settle', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ decision, ...(note ? { note } : {}) }) })
      byId('review').close()
      refresh()
    } catch (error) {
      problem.textContent = error.message
      problem.hidden = false
      send.disabled = false
    }
  })
  return form
}
`
