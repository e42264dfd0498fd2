import { reservationsScript } from './reservations-script.ts'
import { campaignScript } from './campaign-script.ts'
import { careScript } from './care-script.ts'
import { chargersScript } from './chargers-script.ts'
import { reviewsScript } from './reviews-script.ts'

/** The script of the live page, for the browser. It shows what the API says and invents nothing; text is never parsed as HTML. */
export const script = String.raw`
'use strict'
const byId = (id) => document.getElementById(id)
const storageKey = 'voltrail-operator-key'
const recentEvents = 60
let key = keyFromAddress() || sessionStorage.getItem(storageKey) || ''
let lastId = 'end'
let generation = 0
let chargers = []
let sessions = []

function keyFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get('key')
  if (!given) return ''
  sessionStorage.setItem(storageKey, given)
  history.replaceState(null, '', location.pathname + location.search)
  return given
}

function element(name, options, ...children) {
  const { label, ...rest } = options || {}
  const made = Object.assign(document.createElement(name), rest)
  if (label) made.dataset.label = label
  made.append(...children.filter((child) => child !== null && child !== undefined))
  return made
}

class WrongKey extends Error {}

async function ask(path, options) {
  const response = await fetch(path, { ...options, headers: { ...(options && options.headers), authorization: 'Bearer ' + key } })
  if (response.status === 401) throw new WrongKey('this is not the operator key')
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}))
    throw Object.assign(new Error(problem.detail || 'the server answered ' + response.status), { status: response.status })
  }
  return response
}
const get = (path) => ask(path).then((response) => response.json())

// ---- words and numbers
const number = (value, digits) => value.toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits })
const energy = (wh) => (wh === null || wh === undefined ? '–' : Math.abs(wh) < 1000 ? wh + ' Wh' : number(wh / 1000, 2) + ' kWh')
const power = (w) => (w === null || w === undefined ? '–' : Math.abs(w) < 1000 ? w + ' W' : number(w / 1000, 1) + ' kW')
function money(minor, currency) {
  if (minor === null || minor === undefined || !currency) return '–'
  const format = new Intl.NumberFormat(undefined, { style: 'currency', currency })
  return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits)
}
const moment = (iso) => new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const clock = (iso) => new Date(iso).toLocaleTimeString([], { hour12: false })
function since(iso) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(iso)) / 1000))
  if (seconds < 60) return seconds + ' s ago'
  if (seconds < 3600) return Math.floor(seconds / 60) + ' min ago'
  if (seconds < 86400) return Math.floor(seconds / 3600) + ' h ago'
  return new Date(iso).toLocaleDateString()
}
const tones = { Available: 'good', Charging: 'busy', Preparing: 'busy', Finishing: 'busy', Occupied: 'busy', Reserved: 'warn', SuspendedEV: 'warn', SuspendedEVSE: 'warn', Unavailable: 'soft', Faulted: 'bad' }
const statusWords = { SuspendedEV: 'Paused by the car', SuspendedEVSE: 'Paused by the charger' }

${chargersScript}
// ---- sessions
const stateWords = { active: 'running', stopped: 'stopped', settled: 'settled' }
function sessionRow(session) {
  const open = element('button', { className: 'link', type: 'button', onclick: () => void showSession(session) }, session.transactionId)
  open.setAttribute('aria-label', 'Session ' + session.transactionId + ' at ' + session.chargerId + ': bill and history')
  const paused = session.state === 'active' && statusWords[session.chargingState]
  const state = element('span', { className: 'status ' + (session.state === 'active' ? (paused ? 'warn' : 'busy') : 'soft') }, paused ? paused : stateWords[session.state] || session.state)
  const provisional = session.billed === 'provisional' ? ' so far' : ''
  return element('tr', {},
    element('td', { label: 'Session' }, open),
    element('td', { label: 'Charger' }, session.chargerId + ' · ' + session.evseId),
    element('td', { label: 'Id token' }, session.idToken.token || 'erased'),
    element('td', { label: 'State' }, state),
    element('td', { label: 'Started', title: session.startedAt }, since(session.startedAt)),
    element('td', { label: 'Energy', className: 'number' }, energy(session.energyWh)),
    element('td', { label: 'Power', className: 'number' }, session.state === 'active' ? power(session.powerW) : '–'),
    element('td', { label: 'Cost', className: 'number' }, money(session.costMinor, session.currency) + provisional))
}

async function showSession(session) {
  const body = byId('session-body')
  byId('session-title').textContent = 'Session ' + session.transactionId + ' at ' + session.chargerId
  body.replaceChildren(element('p', { className: 'soft' }, 'Reading…'))
  byId('session').showModal()
  const path = '/v1/sessions/' + encodeURIComponent(session.sessionId)
  try {
    const [detail, history] = await Promise.all([get(path), get(path + '/history')])
    body.replaceChildren(...bill(detail), ...historyOf(history))
  } catch (error) {
    body.replaceChildren(element('p', { className: 'bad' }, error.message))
  }
}
const lineNames = { ENERGY: 'Energy', TIME: 'Time', PARKING_TIME: 'Parking', FLAT: 'Per session' }
function bill(detail) {
  if (!detail.bill) return [element('p', { className: 'soft' }, energy(detail.energyWh) + (detail.unpricedReason === 'suspect-energy' ? ', not billed: the energy waits for review' : ', not billed yet'))]
  const { lines, vat, currency } = detail.bill
  const row = (what, quantity, amount) => element('tr', {}, element('td', { label: 'For' }, what), element('td', { label: 'Quantity' }, quantity), element('td', { label: 'Amount', className: 'number' }, amount))
  return [element('h3', {}, 'Bill'), element('table', {}, element('tbody', {},
    ...lines.map((line) => row(lineNames[line.type], line.quantity + ' ' + line.unit + ' at ' + line.price + ' ' + currency, money(line.netMinor, currency))),
    ...vat.map((one) => row('VAT ' + one.rate + ' %', 'on ' + money(one.netMinor, currency), money(one.vatMinor, currency))),
    row('Total' + (detail.bill.kind === 'provisional' ? ' so far' : ''), '', money(detail.bill.costMinor, currency))))]
}
function historyOf(history) {
  return [element('h3', {}, 'Every event, from the log'), ...history.items.map((entry) => {
    const frame = entry.frame
    const said = (one) => (!one ? null : 'text' in one ? one.text : one.erased ? 'the frame was erased' : JSON.stringify(one))
    const evidence = entry.frames ? [said(entry.frames.sent), said(entry.frames.received)].filter(Boolean).join('\n') || null : said(frame)
    return element('details', {},
      element('summary', {}, element('time', { className: 'soft' }, clock(entry.receivedAt) + ' '), element('strong', {}, entry.type), element('span', { className: 'soft' }, ' ' + entry.stream + ' @ ' + entry.revision)),
      evidence === null ? null : element('pre', { title: 'the frame, as received' }, evidence),
      element('pre', { title: 'the data of the event' }, JSON.stringify(entry.data, null, 1)),
      ...entry.personal.map((one) => element('div', {}, element('span', { className: 'soft' }, one.path.split('/').filter((part) => part !== 'sealed').join(' ').trim() + ': '), one.erased ? 'erased' : one.text)),
      element('div', { className: 'soft' }, 'hash ' + entry.hash))
  })]
}

${reviewsScript}
${careScript}
${campaignScript}
${reservationsScript}
// ---- events
const decode = (token) => { try { return decodeURIComponent(token.replaceAll('%', '%25').replaceAll(/=([0-9a-f]{2})/g, '%$1')) } catch { return token } }
function addEvent(type, event) {
  const list = byId('events')
  const [, ...id] = event.stream.slice(event.stream.indexOf('-') + 1).split('.')
  const about = event.stream.startsWith('token-') ? 'id token' : id.map(decode).join(' · ') || 'settings'
  const item = element('li', { className: 'fresh' }, element('time', { dateTime: event.metadata.receivedAt }, clock(event.metadata.receivedAt)), element('strong', {}, type), element('span', { className: 'what' }, about))
  list.prepend(item)
  while (list.children.length > recentEvents) list.lastChild.remove()
  byId('no-events').hidden = true
}

// ---- drawing
function draw() {
  byId('chargers').replaceChildren(...chargers.map(chargerCard))
  byId('no-chargers').hidden = chargers.length > 0
  byId('sessions').replaceChildren(...sessions.map(sessionRow))
  byId('no-sessions').hidden = sessions.length > 0
  drawReviews()
  drawCare()
  const running = sessions.filter((session) => session.state === 'active')
  byId('tile-chargers').textContent = chargers.filter((charger) => charger.connected).length + ' of ' + chargers.length
  byId('tile-running').textContent = running.length
  byId('tile-power').textContent = power(running.reduce((sum, session) => sum + (session.powerW || 0), 0))
  byId('tile-energy').textContent = energy(running.reduce((sum, session) => sum + session.energyWh, 0))
}
async function load() {
  const [chargerPage, running, newest, waiting] = await Promise.all([get('/v1/chargers?limit=500'), get('/v1/sessions?state=active&limit=200'), get('/v1/sessions?limit=30'), get('/v1/reviews?state=open&limit=100'), loadCare()])
  reviews = waiting.items
  moreReviews = waiting.next !== null
  chargers = chargerPage.items
  const known = new Set(running.items.map((session) => session.sessionId))
  sessions = [...running.items, ...newest.items.filter((session) => !known.has(session.sessionId))].sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
  draw()
}
// the read model follows the log by some milliseconds: look soon, and once more when it has settled
let soon = 0
let later = 0
let loading = false
function refresh() {
  clearTimeout(later)
  later = setTimeout(reload, 1200)
  if (!soon) soon = setTimeout(() => { soon = 0; reload() }, 250)
}
async function reload() {
  if (loading || !key) return
  loading = true
  await load().catch((error) => { if (error instanceof WrongKey) askForKey('This is not the operator key any more.') })
  loading = false
}

// ---- the connection
function show(state, words) {
  byId('link').dataset.state = state
  if (byId('link').textContent !== words) byId('link').textContent = words
}
async function follow(mine) {
  let wait = 1000
  while (mine === generation) {
    try {
      const response = await ask('/v1/events?after=' + encodeURIComponent(lastId))
      await load()
      show('live', 'Live')
      wait = 1000
      await readEvents(response, mine)
    } catch (error) {
      if (mine !== generation) return
      if (error instanceof WrongKey) return askForKey('This is not the operator key.')
      // the key is good, and not for this: trying again changes nothing
      if (error.status === 403) return askForKey(error.message)
    }
    for (let left = Math.round(wait / 1000); left > 0 && mine === generation; left--) {
      show('lost', 'Connection lost, trying again in ' + left + ' s')
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
    if (mine === generation) show('connecting', 'Connecting…')
    wait = Math.min(wait * 2, 10000)
  }
}
async function readEvents(response, mine) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    // the server says something every 15 s: silence is a dead connection that nobody closed
    let timer
    const silence = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error('silence')), 45000) })
    const { value, done } = await Promise.race([reader.read(), silence]).finally(() => clearTimeout(timer))
    if (mine !== generation) return void reader.cancel()
    if (done) return
    text += value
    const blocks = text.split('\n\n')
    text = blocks.pop()
    for (const block of blocks) take(block)
  }
}
function take(block) {
  const fields = {}
  for (const line of block.split('\n')) {
    const colon = line.indexOf(': ')
    if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 2)
  }
  if (fields.id) lastId = fields.id
  if (!fields.data) return
  addEvent(fields.event, JSON.parse(fields.data))
  refresh()
}

// ---- the key
function askForKey(error) {
  generation++
  key = ''
  sessionStorage.removeItem(storageKey)
  byId('live').hidden = true
  byId('forget').hidden = true
  byId('ask').hidden = false
  byId('ask-error').hidden = !error
  byId('ask-error').textContent = error || ''
  byId('key').value = ''
  byId('key').focus()
  show('idle', 'Not connected')
}
function start() {
  byId('ask').hidden = true
  byId('live').hidden = false
  byId('forget').hidden = false
  show('connecting', 'Connecting…')
  void follow(++generation)
}
byId('ask').addEventListener('submit', (submitted) => {
  submitted.preventDefault()
  key = byId('key').value.trim()
  sessionStorage.setItem(storageKey, key)
  start()
})
byId('forget').addEventListener('click', () => askForKey())
byId('session-close').addEventListener('click', () => byId('session').close())
byId('reservations-close').addEventListener('click', () => byId('reservations').close())
byId('campaign-close').addEventListener('click', () => byId('campaign').close())
byId('review-close').addEventListener('click', () => byId('review').close())
addEventListener('hashchange', () => {
  const given = keyFromAddress()
  if (given) { key = given; start() }
})
byId('ocpp-url').textContent = 'ws://' + location.hostname + ':' +
  document.querySelector('meta[name=ocpp-port]').content + '/ocpp/<chargerId>'
setInterval(draw, 10000)
if (key) start()
else askForKey()
`
