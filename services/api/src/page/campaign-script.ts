/** One firmware campaign with each of its chargers, on the live page. A part of its script, which has the rest. */
export const campaignScript = String.raw`
// ---- one campaign
const outcomeTones = { Done: 'good', Failed: 'bad', Skipped: 'soft' }
function campaignLink(one) {
  const open = element('button', { className: 'link', type: 'button', onclick: () => void showCampaign(one.campaignId) }, one.campaignId)
  open.setAttribute('aria-label', 'Campaign ' + one.campaignId + ': how far each charger is')
  return open
}
async function showCampaign(campaignId) {
  const body = byId('campaign-body')
  byId('campaign-title').textContent = 'Campaign ' + campaignId
  body.replaceChildren(element('p', { className: 'soft' }, 'Reading…'))
  if (!byId('campaign').open) byId('campaign').showModal()
  try {
    const detail = await get('/v1/campaigns/' + encodeURIComponent(campaignId))
    body.replaceChildren(element('p', {}, campaignWords(detail)), campaignTable(detail.chargers))
  } catch (error) {
    body.replaceChildren(element('p', { className: 'bad' }, error.message))
  }
}
/** What it does, in a sentence. */
function campaignWords({ phase, version, image, location, concurrency, stopAfterFailures, window }) {
  const from = image || location
  const hours = window ? ', between ' + window.from + ' and ' + window.until + ' UTC' : ''
  return phase + ': version ' + version + (from ? ' from ' + from : '') + ', ' + concurrency + ' at once' + hours + ', stops after ' + stopAfterFailures + ' failures'
}
const stateOf = ({ state, outcome }) => (state === 'finished' ? outcome || 'finished' : state === 'taken' ? 'under way' : 'waiting')
function campaignTable(chargers) {
  const heads = ['Charger', 'State', 'What'].map((name) => element('th', { scope: 'col' }, name))
  // what needs a look first
  const order = ['Failed', 'under way', 'waiting', 'Skipped', 'Done']
  const rows = [...chargers].sort((a, b) => order.indexOf(stateOf(a)) - order.indexOf(stateOf(b)))
  return element('table', {}, element('thead', {}, element('tr', {}, ...heads)), element('tbody', {}, ...rows.map((one) => element('tr', {},
    element('td', { label: 'Charger' }, one.chargerId),
    element('td', { label: 'State' }, element('span', { className: 'status ' + (outcomeTones[one.outcome] || (one.state === 'taken' ? 'busy' : 'soft')) }, stateOf(one))),
    element('td', { label: 'What', className: 'detail' }, one.detail || (one.takenAt ? 'since ' + moment(one.takenAt) : '–'))))))
}
`
