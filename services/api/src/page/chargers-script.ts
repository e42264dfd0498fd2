/** The chargers, on the live page: a card for each. A part of its script, which has the rest. */
export const chargersScript = String.raw`
// ---- chargers
const refusalWords = { 'bad-credential': 'Turned away, its password or certificate is not the recorded one:', 'contested-identity': 'Another box with this identity was turned away:', 'no-subprotocol': 'Turned away, it offers no OCPP version that is spoken here:' }
/** Why it was turned away, as long as nothing better came since; null: it was not. */
function refusalOf({ lastRefusedAt, lastRefusal, connected, connectedAt }) {
  if (!lastRefusedAt || (connectedAt && connectedAt >= lastRefusedAt)) return null
  const words = refusalWords[lastRefusal] || 'Turned away, ' + lastRefusal + ':'
  return connected ? 'While it is connected, somebody else: ' + words.charAt(0).toLowerCase() + words.slice(1) : words
}
function chargerCard(charger) {
  const presence = charger.connected ? 'connected' : charger.disconnectedAt ? 'offline, seen ' + since(charger.disconnectedAt) : 'never connected'
  const model = [charger.vendor, charger.model, charger.firmwareVersion].filter(Boolean).join(' · ')
  const rows = charger.connectors.filter((one) => one.evseId > 0).map((one) => {
    const words = statusWords[one.status] || one.status
    const running = sessions.find((session) => session.state === 'active' && session.chargerId === charger.chargerId && session.evseId === one.evseId)
    const fault = one.errorCode && one.errorCode !== 'NoError' ? ' (' + one.errorCode + ')' : ''
    const live = running ? energy(running.energyWh) + (running.powerW === null ? '' : ', ' + power(running.powerW)) : ''
    return element('li', {}, element('span', {}, 'Connector ' + one.evseId), element('span', { className: 'flow' }, live), element('span', { className: 'status ' + (tones[one.status] || 'soft') }, words + fault))
  })
  const waiting = charger.registration === 'Accepted' ? null : element('div', { className: 'warn' }, charger.registration === 'Pending' ? 'waiting to be accepted' : 'not registered')
  const refusal = refusalOf(charger)
  return element('li', { className: 'card' },
    element('div', { className: 'top' }, element('h3', {}, charger.chargerId), element('span', { className: 'presence' + (charger.connected ? ' on' : '') }, presence)),
    element('div', { className: 'model' }, model), waiting,
    refusal === null ? null : element('div', { className: 'bad', title: charger.lastRefusedAt }, refusal + ' ' + since(charger.lastRefusedAt)),
    rows.length ? element('ul', { className: 'connectors' }, ...rows) : null,
    reservationsLink(charger.chargerId))
}
function reservationsLink(chargerId) {
  const link = element('button', { className: 'link', type: 'button', onclick: () => void showReservations(chargerId) }, 'Reservations')
  link.setAttribute('aria-label', 'Reservations of ' + chargerId)
  return link
}
`
