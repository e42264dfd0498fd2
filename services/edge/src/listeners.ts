/**
 * Where chargers may connect. Several side by side: `ws` for security profiles 0 and 1, `wss` for 2, `mtls` (wss that asks for a
 * client certificate) for 3; whether a charger may use one is decided by its profile, not here.
 */
export type ListenerConfig = {
  readonly kind: 'ws' | 'wss' | 'mtls'
  readonly host: string
  readonly port: number
  /** each connection begins with a PROXY protocol header (v1 or v2); without one it is refused */
  readonly proxy: boolean
  /** also the suites without forward secrecy that the OCA's test cases want, behind all others */
  readonly staticRsa: boolean
}

const form = 'like wss://0.0.0.0:9443?proxy: ws, wss or mtls, a host, a port, then proxy and static-rsa where wanted'

/** Reads listeners that are separated by commas or blanks. Gives a text that says what is wrong instead. */
export const readListeners = (list: string): readonly ListenerConfig[] | string => {
  const found: ListenerConfig[] = []
  for (const item of list.split(/[\s,]+/).filter((one) => one !== '')) {
    const read = readListener(item)
    if (read === undefined)
      return `must be listeners separated by commas, each ${form}; wrong is: ${item.slice(0, 100)}`
    const { host, port } = read
    if (port !== 0 && found.some((one) => one.host === host && one.port === port)) return `names ${host}:${port} twice`
    found.push(read)
  }
  return found.length === 0 ? `must name a listener, ${form}` : found
}

const readListener = (item: string): ListenerConfig | undefined => {
  const parts = /^(ws|wss|mtls):\/\/(\[[0-9a-f:.]+\]|[^:/?#[\]]+):(\d{1,5})\/?(?:\?([a-z&-]+))?$/i.exec(item)
  const [, kind = '', host = '', port = '', options = ''] = parts ?? []
  const wanted = options
    .toLowerCase()
    .split('&')
    .filter((one) => one !== '')
  if (parts === null || Number(port) > 65_535) return undefined
  if (wanted.some((one) => one !== 'proxy' && one !== 'static-rsa')) return undefined
  return {
    kind: kind.toLowerCase() as ListenerConfig['kind'],
    host: host.replace(/^\[|\]$/g, ''),
    port: Number(port),
    proxy: wanted.includes('proxy'),
    staticRsa: wanted.includes('static-rsa'),
  }
}
