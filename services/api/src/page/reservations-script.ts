/** The reservations of a charger, on the live page: the list, and taking one back. A part of its script, which has the rest. */
export const reservationsScript = String.raw`
// ---- reservations
const reservationWords = { requested: 'asked for', accepted: 'held', used: 'used', expired: 'expired', cancelled: 'cancelled', lost: 'let go by the charger', rejected: 'rejected', occupied: 'refused: occupied', faulted: 'refused: faulted', unavailable: 'refused: unavailable', unsupported: 'not supported', 'unknown-connector': 'unknown connector', 'token-refused': 'token may not charge', unsent: 'never reached the charger', removed: 'removed' }
const reservationTones = { requested: 'busy', accepted: 'warn', used: 'good', lost: 'bad' }

async function showReservations(chargerId, note) {
  const body = byId('reservations-body')
  byId('reservations-title').textContent = 'Reservations of ' + chargerId
  body.replaceChildren(element('p', { className: 'soft' }, 'Reading…'))
  if (!byId('reservations').open) byId('reservations').showModal()
  try {
    const { items } = await get('/v1/chargers/' + encodeURIComponent(chargerId) + '/reservations')
    body.replaceChildren(
      ...(note ? [element('p', { className: 'warn' }, note)] : []),
      items.length ? reservationTable(items) : element('p', { className: 'soft' }, 'None. POST /v1/chargers/' + chargerId + '/reservations makes one.'))
  } catch (error) {
    body.replaceChildren(element('p', { className: 'bad' }, error.message))
  }
}
function reservationTable(items) {
  const heads = ['Number', 'Connector', 'For', 'Until', 'State', ''].map((name) => element('th', { scope: 'col' }, name))
  return element('table', {}, element('thead', {}, element('tr', {}, ...heads)), element('tbody', {}, ...items.map(reservationRow)))
}
function reservationRow(one) {
  const state = element('span', { className: 'status ' + (reservationTones[one.state] || 'soft'), title: one.detail || '' }, reservationWords[one.state] || one.state)
  const open = one.state === 'accepted' || one.state === 'requested'
  const cancel = open ? element('button', { type: 'button', onclick: () => void cancelReservation(one, cancel) }, 'Cancel') : null
  if (cancel) cancel.setAttribute('aria-label', 'Cancel reservation ' + one.reservationId + ' of ' + one.chargerId)
  return element('tr', {},
    element('td', { label: 'Number' }, String(one.reservationId)),
    element('td', { label: 'Connector' }, one.evseId === 0 ? 'any' : String(one.evseId)),
    element('td', { label: 'For' }, one.idToken.token || 'erased'),
    element('td', { label: 'Until', title: one.expiresAt }, moment(one.expiresAt)),
    element('td', { label: 'State' }, state),
    element('td', { label: '' }, cancel))
}
async function cancelReservation(one, button) {
  button.disabled = true
  const note = await ask('/v1/reservations/' + encodeURIComponent(one.id), { method: 'DELETE' })
    .then((response) => response.json())
    .then((answer) => cancelNote(answer), (error) => error.message)
  await showReservations(one.chargerId, note)
}
/** What came of cancelling, where it is not what was meant. */
function cancelNote({ reservation, command }) {
  if (reservation.state === 'cancelled') return ''
  if (command.outcome !== 'result') return 'Not cancelled: ' + (command.detail || command.outcome)
  return reservation.detail || 'The charger answered ' + command.status
}
`
