import { randomUUID } from 'node:crypto'
import { withPrefix } from './grpc-call.ts'
import type { GrpcCall } from './grpc-call.ts'
import { gossip, serverFeatures, shared } from './protobuf-messages.ts'

const INSTANCE = randomUUID()
const SERVER_VERSION = '23.10.0-event-store-dev'
/** Service and methods in lower case, as the real server lists them. */
const STREAM_METHODS = ['read', 'append', 'batchappend', 'delete', 'tombstone']

/** `ServerFeatures/GetSupportedMethods`: what makes the client use BatchAppend. */
export function supportedMethods(call: GrpcCall): void {
  const response = new serverFeatures.SupportedMethods()
  response.setEventStoreServerVersion(SERVER_VERSION)
  const list: [service: string, method: string][] = STREAM_METHODS.map((method) => [
    'event_store.client.streams.streams',
    method,
  ])
  list.push(
    ['event_store.client.gossip.gossip', 'read'],
    ['event_store.client.server_features.serverfeatures', 'getsupportedmethods'],
  )
  response.setMethodsList(
    list.map(([service, method]) => {
      const supported = new serverFeatures.SupportedMethod()
      supported.setServiceName(service)
      supported.setMethodName(method)
      supported.setFeaturesList(method === 'read' ? ['position', 'events'] : [])
      return supported
    }),
  )
  call.write(withPrefix(response.serializeBinary()))
  call.end()
}

/** `Gossip/Read`: a cluster of one leader, under the address that the client used, so that `esdb+discover://` works through any name. */
export function gossipRead(call: GrpcCall, self: { readonly host: string; readonly port: number }): void {
  const { host, port } = parseAuthority(String(call.headers[':authority'] ?? ''), self)
  const endPoint = new gossip.EndPoint()
  endPoint.setAddress(host)
  endPoint.setPort(port)
  const instance = new shared.UUID()
  instance.setString(INSTANCE)
  const member = new gossip.MemberInfo()
  member.setInstanceId(instance)
  member.setTimeStamp(String(Date.now() * 10_000))
  member.setState(gossip.MemberInfo.VNodeState.LEADER)
  member.setIsAlive(true)
  member.setHttpEndPoint(endPoint)
  const response = new gossip.ClusterInfo()
  response.setMembersList([member])
  call.write(withPrefix(response.serializeBinary()))
  call.end()
}

function parseAuthority(
  authority: string,
  self: { readonly host: string; readonly port: number },
): { host: string; port: number } {
  const match = /^(.+):(\d{1,5})$/.exec(authority)
  return match ? { host: match[1]!, port: Number(match[2]) } : { host: self.host, port: self.port }
}
