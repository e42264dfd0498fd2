/** What devices report and need, on the live page: security events, campaigns, certificates that end, claimed meter keys. A part of its script. */
export const careScript = String.raw`
// ---- care of devices
let care = { securityEvents: [], campaigns: [], certificates: [], meterKeys: [] }
const severityTones = { critical: 'bad', warning: 'warn', info: 'soft' }
const phaseTones = { running: 'busy', paused: 'warn', stopped: 'bad', cancelled: 'soft', completed: 'good' }
const endsSoonMs = 30 * 86400000
const careEveryMs = 15000
let careDue = 0

function securityEventRow(one) {
  return element('tr', {},
    element('td', { label: 'Event' }, element('span', { className: 'status ' + (severityTones[one.severity] || 'soft') }, one.event)),
    element('td', { label: 'Charger' }, one.chargerId),
    element('td', { label: 'What', className: 'detail' }, one.techInfo || '–'),
    element('td', { label: 'Since', title: one.receivedAt }, since(one.receivedAt)))
}
function campaignRow(one) {
  const { waiting, taken, done, failed, skipped } = one.counts
  return element('tr', {},
    element('td', { label: 'Campaign' }, campaignLink(one)),
    element('td', { label: 'Version' }, one.version),
    element('td', { label: 'State' }, element('span', { className: 'status ' + (phaseTones[one.phase] || 'soft') }, one.phase)),
    element('td', { label: 'Chargers' }, [done + ' done', failed + ' failed', taken + ' under way', waiting + ' waiting', skipped + ' skipped'].join(', ')),
    element('td', { label: 'Began', title: one.createdAt }, since(one.createdAt)))
}
// what ends: a charger's own certificate, and the roots that it trusts as far as they are known
function endingsOf(charger, until) {
  const own = charger.certificate ? [{ what: 'its own certificate', facts: charger.certificate }] : []
  const roots = charger.roots.filter((root) => root.facts).map((root) => ({ what: 'a root that it trusts', facts: root.facts }))
  return [...own, ...roots].filter(({ facts }) => Date.parse(facts.notAfter) < until).map(({ what, facts }) => ({ chargerId: charger.chargerId, what, subject: facts.subject, notAfter: facts.notAfter }))
}
function endingRow(one) {
  const over = Date.parse(one.notAfter) < Date.now()
  return element('tr', {},
    element('td', { label: 'Ends', title: one.notAfter }, element('span', { className: 'status ' + (over ? 'bad' : 'warn') }, new Date(one.notAfter).toLocaleDateString() + (over ? ', over' : ''))),
    element('td', { label: 'Charger' }, one.chargerId),
    element('td', { label: 'What' }, one.what),
    element('td', { label: 'Subject', className: 'detail' }, one.subject))
}
function meterKeyRow(one) {
  const problem = element('span', { className: 'bad', role: 'alert' })
  const decide = (words, decision) => {
    const button = element('button', { type: 'button', onclick: async () => {
      button.disabled = true
      try {
        await ask('/v1/chargers/' + encodeURIComponent(one.chargerId) + '/meter-keys/' + one.id, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ decision }) })
        careDue = 0
        refresh()
      } catch (error) {
        problem.textContent = error.message
        button.disabled = false
      }
    } }, words)
    button.setAttribute('aria-label', words + ' the key of meter ' + (one.meterSerial || '') + ' at ' + one.chargerId)
    return button
  }
  return element('tr', {},
    element('td', { label: 'Charger' }, one.chargerId + (one.evseId === null ? '' : ' · ' + one.evseId)),
    element('td', { label: 'Meter' }, one.meterSerial || '–'),
    element('td', { label: 'Public key', className: 'detail' }, one.publicKey),
    element('td', { label: 'Decision' }, decide('Confirm', 'confirmed'), ' ', decide('Reject', 'rejected'), problem))
}
// the inventory is read charger by charger: not with every event. What cannot be read now is shown as it was
async function loadCare() {
  if (Date.now() < careDue) return
  careDue = Date.now() + careEveryMs
  await readCare().catch(() => undefined)
}
async function readCare() {
  const before = new Date(Date.now() + endsSoonMs).toISOString()
  const [critical, warning, campaigns, certificates, meterKeys] = await Promise.all([
    get('/v1/security-events?severity=critical&limit=20'), get('/v1/security-events?severity=warning&limit=20'),
    get('/v1/campaigns?limit=10'), get('/v1/certificates?limit=500&expiringBefore=' + encodeURIComponent(before)), get('/v1/meter-keys?state=claimed&limit=50')])
  const securityEvents = [...critical.items, ...warning.items].sort((a, b) => (a.receivedAt < b.receivedAt ? 1 : -1)).slice(0, 20)
  const endings = certificates.items.flatMap((one) => endingsOf(one, Date.parse(before))).sort((a, b) => (a.notAfter < b.notAfter ? -1 : 1))
  care = { securityEvents, campaigns: campaigns.items, certificates: endings, meterKeys: meterKeys.items }
}
function drawCare() {
  for (const [id, rows, row] of [['security-events', care.securityEvents, securityEventRow], ['campaigns', care.campaigns, campaignRow], ['certificates', care.certificates, endingRow], ['meter-keys', care.meterKeys, meterKeyRow]]) {
    byId(id).replaceChildren(...rows.map(row))
    byId(id + '-part').hidden = rows.length === 0
  }
}
`
