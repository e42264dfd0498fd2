import type { Server } from 'node:net'
import { StartError } from './start-error.ts'

/**
 * Listens and gives the port (the chosen one for port 0).
 * A taken port, a forbidden one or an address that is not ours is a StartError that names `what` listens there.
 */
export async function listen(
  server: Server,
  address: { readonly host: string; readonly port: number },
  what: string,
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: address.host, port: address.port }, () => {
      server.off('error', reject)
      resolve()
    })
  }).catch((error: unknown) => {
    throw listenError(error, address, what)
  })
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error(`${what} listens on a path, not on a port`)
  return bound.port
}

/** Turns the error of a failed `listen` into a StartError with a remedy; any other error is given back as it is. */
export function listenError(
  error: unknown,
  address: { readonly host: string; readonly port: number },
  what: string,
): unknown {
  const at = `${address.host}:${address.port}`
  switch ((error as NodeJS.ErrnoException | undefined)?.code) {
    case 'EADDRINUSE':
      return new StartError(
        `${what} needs ${at}, which another process uses`,
        'stop that process or choose another port',
        { cause: error },
      )
    case 'EACCES':
      return new StartError(
        `${what} may not listen on ${at}`,
        'choose a port above 1023 or grant the right to bind it',
        { cause: error },
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new StartError(
        `${what} cannot listen on ${at}: this machine has no such address`,
        'choose 127.0.0.1, 0.0.0.0 or one of its own addresses',
        { cause: error },
      )
    default:
      return error
  }
}
