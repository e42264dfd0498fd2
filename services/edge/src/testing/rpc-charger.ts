import { RPCClient } from 'ocpp-rpc'

type Options = ConstructorParameters<typeof RPCClient>[0]

/** A charger on the npm client ocpp-rpc, which nobody here wrote; it checks every frame against the official schemas. */
export const openRpcCharger = (endpoint: string, identity: string, options: Partial<Options> = {}): RPCClient =>
  // its types want every option, its code has defaults
  new RPCClient({
    endpoint,
    identity,
    protocols: ['ocpp1.6'],
    strictMode: true,
    reconnect: false,
    ...options,
  } as unknown as Options)
