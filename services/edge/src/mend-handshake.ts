/** What was mended in the head of a handshake, in words for a log. */
export type Mend =
  | 'no Connection: Upgrade'
  | 'folded headers'
  | 'lines without CR'
  | 'a path that is not percent-encoded'

/**
 * Mends the head of a WebSocket handshake where it can mean only one thing, because an HTTP parser would refuse it or take it for
 * a plain request (https://github.com/lbbrhzn/ocpp/pull/1984). Everything else is left as it is, for the parser to refuse.
 * @param head the request up to and with its empty line, as latin1 text
 */
export const mendHandshake = (head: string): { readonly head: string; readonly mended: readonly Mend[] } => {
  const mended: Mend[] = []
  // RFC 9112 §2.2: a single LF may be recognised as the end of a line
  let text = head.replace(/\r?\n/g, '\r\n')
  if (text !== head) mended.push('lines without CR')
  // RFC 9112 §5.2: folded lines may be joined by a space
  const unfolded = text.replace(/\r\n[ \t]+(?=[^\s])/g, ' ')
  if (unfolded !== text) mended.push('folded headers')
  text = unfolded

  const [requestLine = '', ...lines] = text.split('\r\n')
  const { target, version } = partsOf(requestLine) ?? {}
  if (target === undefined || !isWebSocket(lines)) return { head, mended: [] }
  const encoded = target.replace(/[^\x21-\x7e]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
  if (encoded !== target) mended.push('a path that is not percent-encoded')
  const tokens = valuesOf(lines, 'connection').map((token) => token.toLowerCase())
  const adds = !tokens.includes('upgrade') && !tokens.includes('close')
  if (adds) mended.push('no Connection: Upgrade')
  if (mended.length === 0) return { head, mended }
  const first = [`GET ${encoded} ${version}`, ...(adds ? ['Connection: Upgrade'] : [])]
  return { head: [...first, ...lines].join('\r\n'), mended }
}

/**
 * `GET`, a path in which spaces may stand, and the version. Found from both ends and never by a pattern that tries again: nobody has
 * said yet who they are. undefined: another method or version, or no path.
 */
const partsOf = (requestLine: string): { readonly target: string; readonly version: string } | undefined => {
  const last = requestLine.lastIndexOf(' ')
  const version = requestLine.slice(last + 1)
  if (!requestLine.startsWith('GET ') || (version !== 'HTTP/1.0' && version !== 'HTTP/1.1')) return undefined
  let from = 4
  let to = last
  while (from < to && requestLine[from] === ' ') from += 1
  while (from < to && requestLine[to - 1] === ' ') to -= 1
  const target = requestLine.slice(from, to)
  return target === '' || /^\s|[\r\n]/.test(target) ? undefined : { target, version }
}

const isWebSocket = (lines: readonly string[]): boolean =>
  valuesOf(lines, 'upgrade').some((value) => value.toLowerCase() === 'websocket') &&
  valuesOf(lines, 'sec-websocket-key').length === 1 &&
  // a body would be read as the first frames
  valuesOf(lines, 'transfer-encoding').length === 0 &&
  valuesOf(lines, 'content-length').every((length) => /^0+$/.test(length))

/** The members of a list header, however many lines it has. */
const valuesOf = (lines: readonly string[], name: string): string[] =>
  lines
    .flatMap((line) => {
      const colon = line.indexOf(':')
      return line.slice(0, colon).toLowerCase() === name ? line.slice(colon + 1).split(',') : []
    })
    .map((value) => value.trim())
    .filter((value) => value !== '')
