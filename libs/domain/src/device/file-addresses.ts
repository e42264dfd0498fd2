import type { ChargerState } from '../charger/charger-state.ts'
import type { DeviceState } from './device-state.ts'
import {
  transferLocation,
  transferProtocols,
  type TransferProtocol,
  type TransferRequest,
} from './transfer-credential.ts'
import { isSameKey } from './key-name.ts'

/** Where chargers reach our file service, by protocol, in the order in which they are preferred. */
export interface FileAddress {
  readonly protocol: TransferProtocol
  readonly host: string
  /** absent: the protocol's own */
  readonly port?: number
}

/**
 * Reads base addresses like `https://files.example.com,ftp://files.example.com:2121`. Throws an Error that says which part is wrong:
 * each is a protocol, a host and perhaps a port, without user, path or query.
 */
export const readFileAddresses = (text: string): readonly FileAddress[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [, scheme = '', name = '', port] =
        /^([a-z]+):\/\/(\[[0-9a-f:.]+\]|[A-Za-z0-9.-]+)(?::(\d{1,5}))?\/?$/.exec(part) ?? []
      const protocol = transferProtocols.find((one) => one === scheme)
      const number = port === undefined ? undefined : Number(port)
      if (protocol === undefined || name === '' || (number !== undefined && (number < 1 || number > 65_535)))
        throw new Error(
          `${JSON.stringify(part)} is no address of a file service: use <protocol>://<host>[:<port>] with ${transferProtocols.join(', ')}`,
        )
      return { protocol, host: name.replace(/^\[|\]$/g, ''), ...(number === undefined ? {} : { port: number }) }
    })

/** As `readFileAddresses`, for a schema of settings: what is wrong is told with the variable's name. */
export const parseFileAddresses = (
  text: string,
  context: { addIssue(issue: { code: 'custom'; message: string }): void },
): readonly FileAddress[] => {
  try {
    return readFileAddresses(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: `is wrong: ${(error as Error).message}` })
    return []
  }
}

/** The configuration key of OCPP 1.6 that says which protocols a charger speaks. */
export const protocolsKey = 'SupportedFileTransferProtocols'

/** What is known of how one charger carries files, the strongest first. */
export interface FileHabits {
  /** what an operator set for it */
  readonly protocol?: TransferProtocol | undefined
  readonly credentialIn?: 'userinfo' | 'path' | undefined
  /** what it says of itself: the key SupportedFileTransferProtocols of OCPP 1.6 */
  readonly supported?: string | undefined
  /** what its make is known for */
  readonly ofMake?: TransferProtocol | undefined
}

/** Makes that do not tell the key, with what they take. */
const makes: readonly { readonly vendor: RegExp; readonly protocol: TransferProtocol; readonly evidence: string }[] = [
  {
    vendor: /open-?evse/i,
    protocol: 'http',
    evidence: 'https://github.com/OpenEVSE/openevse_esp32_firmware/issues/790',
  },
]

export const fileHabits = (
  { settings, identity }: Pick<ChargerState, 'settings' | 'identity'>,
  { configuration }: Pick<DeviceState, 'configuration'>,
): FileHabits => ({
  protocol: settings?.fileProtocol,
  credentialIn: settings?.fileCredential,
  supported: configuration?.keys.find(({ key }) => isSameKey(key, protocolsKey))?.value,
  ofMake: makes.find(({ vendor }) => identity !== undefined && vendor.test(identity.vendor))?.protocol,
})

/** What stands in the way when `chooseAddress` finds none. */
export const describeHabits = ({ protocol, credentialIn, supported, ofMake }: FileHabits): string =>
  `${protocol ?? supported ?? ofMake ?? 'no protocol that it tells'}${credentialIn === 'path' ? ' with the credential in the path' : ''}`

/**
 * The address that suits the charger best: the protocol that is set for it, else the first of its own list that we serve, else
 * what its make takes where we serve that, else HTTP, then what we prefer. Undefined: none that it can use.
 */
export const chooseAddress = (
  addresses: readonly FileAddress[],
  { protocol: set, credentialIn, supported, ofMake }: FileHabits,
): FileAddress | undefined => {
  const served = credentialIn === 'path' ? addresses.filter(({ protocol }) => protocol.startsWith('http')) : addresses
  const by = (wanted: string | undefined) => served.find(({ protocol }) => protocol === wanted)
  if (set !== undefined) return by(set)
  const told = (supported ?? '')
    .toLowerCase()
    .split(/[\s,;]+/)
    .filter((word) => transferProtocols.some((protocol) => protocol === word))
  if (told.length === 0) return by(ofMake) ?? by('http') ?? served[0]
  return told.map(by).find((found) => found !== undefined)
}

export interface FileService {
  readonly addresses: readonly FileAddress[]
  /** credentials of transfers are derived from it; the same as the file service's */
  readonly key: Uint8Array
}

/** Our file service, where both of its settings are there; the key in hex. */
export const fileService = (
  addresses: readonly FileAddress[] | undefined,
  key: string | undefined,
): FileService | undefined =>
  addresses === undefined || addresses.length === 0 || key === undefined
    ? undefined
    : { addresses, key: Buffer.from(key, 'hex') }

/** The location for one request at our own file service; undefined where it serves nothing that the charger can use. */
export const ownLocation = (
  { addresses, key }: FileService,
  request: TransferRequest & { readonly fileName?: string },
  habits: FileHabits,
): string | undefined => {
  const address = chooseAddress(addresses, habits)
  const { credentialIn = 'userinfo' } = habits
  return address && transferLocation({ ...request, ...address, credentialIn }, key)
}
