import { networkInterfaces } from 'node:os'

/** The IPv4 addresses by which this machine is reached from its network; none when it has none. */
export function networkAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address)
}
