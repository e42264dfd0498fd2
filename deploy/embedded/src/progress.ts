import { relative } from 'node:path'
import { networkAddresses } from './network-addresses.ts'
import type { Product } from './product.ts'

/** What is shown once everything runs. `seconds`: how long the start took. */
export function readyText(
  product: Product,
  options: { readonly host: string; readonly seconds: number; readonly cwd: string },
): string {
  const { apiUrl, operatorKey, operatorKeyFile } = product
  const keyFile = shortPath(operatorKeyFile, options.cwd)
  const everywhere = options.host === '0.0.0.0' || options.host === '::'
  const addresses = everywhere ? networkAddresses() : []
  const ocppPort = new URL(product.ocppUrl).port
  const chargers = product.ocppUrls.map((url) => `  Chargers      ${url}/<chargerId>`)
  const network = addresses.map((address) => `                ws://${address}:${ocppPort}/ocpp/<chargerId>`)
  const reach = isLoopback(options.host)
    ? ['', 'Only this machine reaches it. To let chargers of your network in: npm start -- --host 0.0.0.0']
    : ['', 'Reachable from your network without encryption: keep it to a network that you trust.']
  const curl = `curl -s -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json'`
  return [
    '',
    `Voltrail ${product.version} is ready after ${options.seconds.toFixed(1)} s.`,
    '',
    `  Console       ${apiUrl}/#key=${operatorKey}`,
    ...chargers,
    ...network,
    `  Files         ${product.filesUrl}  ${product.ftpUrl}  ${product.sftpUrl}`,
    `  API           ${apiUrl}/docs`,
    `  Operator key  ${keyFile}`,
    `  Logs          ${shortPath(`${product.dataDir}/logs`, options.cwd)}`,
    ...reach,
    '',
    'Try a session: issue an id token, connect any OCPP 1.6J charger and plug in, then see what it became.',
    `  KEY=$(cat ${keyFile})`,
    `  ${curl} ${apiUrl}/v1/id-tokens -d '{"token":"04A1B2C3","type":"ISO14443","status":"Accepted"}'`,
    `  ${curl} ${apiUrl}/v1/chargers`,
    `  ${curl} ${apiUrl}/v1/sessions`,
    '',
    'Ctrl-C stops everything; the data stays.',
    '',
  ].join('\n')
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.')

/** As one would type it here. */
function shortPath(path: string, cwd: string): string {
  const short = relative(cwd, path)
  return short !== '' && !short.startsWith('..') ? short : path
}
