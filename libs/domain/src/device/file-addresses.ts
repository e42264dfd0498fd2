import {
  transferLocation,
  transferProtocols,
  type TransferProtocol,
  type TransferRequest,
} from './transfer-credential.ts'

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

/**
 * The address that suits the charger best: the first protocol of its own list that we serve (the key
 * SupportedFileTransferProtocols of OCPP 1.6); when it tells none, HTTP, then what we prefer. Undefined: none that it can use.
 */
export const chooseAddress = (
  addresses: readonly FileAddress[],
  supported: string | undefined,
): FileAddress | undefined => {
  const told = (supported ?? '')
    .toLowerCase()
    .split(/[\s,;]+/)
    .filter((word) => transferProtocols.some((protocol) => protocol === word))
  if (told.length === 0) return addresses.find(({ protocol }) => protocol === 'http') ?? addresses[0]
  return told.map((word) => addresses.find(({ protocol }) => protocol === word)).find((found) => found !== undefined)
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

/** The location for one request at our own file service; undefined where it speaks none of the charger's protocols. */
export const ownLocation = (
  { addresses, key }: FileService,
  request: TransferRequest & { readonly fileName?: string },
  supported: string | undefined,
): string | undefined => {
  const address = chooseAddress(addresses, supported)
  return address && transferLocation({ ...request, ...address }, key)
}
