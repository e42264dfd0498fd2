/** What can be fetched and sent: GetConfiguration shows it as SupportedFileTransferProtocols. */
export const transferProtocols = ['HTTP', 'HTTPS'] as const

const timeoutMs = 60_000

/** The address without its userinfo, which goes into a header: fetch takes none in an address. Throws on other protocols. */
function addressed(location: string): { readonly url: URL; readonly headers: Record<string, string> } {
  const url = new URL(location)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new Error(`cannot transfer files by ${url.protocol.slice(0, -1)}: only by ${transferProtocols.join(' or ')}`)
  const user = decodeURIComponent(url.username)
  const password = decodeURIComponent(url.password)
  url.username = ''
  url.password = ''
  if (user === '') return { url, headers: {} }
  return { url, headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` } }
}

/** Fetches a file; its size in bytes. Rejects when that fails. */
export async function download(location: string, stopped: AbortSignal): Promise<number> {
  const { url, headers } = addressed(location)
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(timeoutMs)])
  const response = await fetch(url, { headers, signal })
  if (!response.ok) throw new Error(`${url.host} answered ${response.status}`)
  return (await response.arrayBuffer()).byteLength
}

/** Puts a file under its name in the directory that the address names. Rejects when that fails. */
export async function upload(location: string, fileName: string, text: string, stopped: AbortSignal): Promise<void> {
  const { url, headers } = addressed(location)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${encodeURIComponent(fileName)}`
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(timeoutMs)])
  const response = await fetch(url, {
    method: 'PUT',
    headers: { ...headers, 'content-type': 'text/plain' },
    body: text,
    signal,
  })
  await response.arrayBuffer()
  if (!response.ok) throw new Error(`${url.host} answered ${response.status}`)
}
