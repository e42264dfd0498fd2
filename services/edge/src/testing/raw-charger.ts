import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import type { ClientOptions } from 'ws'

export type Frame = [number, ...unknown[]]

/** A WebSocket client that says exactly what a test tells it to. */
export const openRawCharger = async (
  url: string,
  options: { readonly protocols?: string[]; readonly onCall?: (frame: Frame) => unknown } & ClientOptions = {},
) => {
  const { protocols = ['ocpp1.6'], onCall, ...client } = options
  const socket = new WebSocket(url, protocols, client)
  const received: Frame[] = []
  const waiting: (() => void)[] = []
  let ended: { code: number; reason: string } | undefined
  const wake = (): void => waiting.splice(0).forEach((resume) => resume())
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on('close', (code, reason) => {
      ended = { code, reason: reason.toString() }
      resolve(ended)
      wake()
    }),
  )
  socket.on('message', (data) => {
    const frame = JSON.parse((data as Buffer).toString('utf8')) as Frame
    if (frame[0] === 2 && onCall) {
      const answer = onCall(frame)
      if (answer !== undefined) socket.send(JSON.stringify(answer))
      return
    }
    received.push(frame)
    wake()
  })
  socket.on('error', () => {})
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  let ids = 0

  const next = async (matches: (frame: Frame) => boolean = () => true): Promise<Frame> => {
    for (;;) {
      const index = received.findIndex(matches)
      if (index >= 0) return received.splice(index, 1)[0]!
      if (ended) throw new Error(`closed with ${ended.code} ${ended.reason} while waiting for a frame`)
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
  }
  return {
    socket,
    received,
    closed,
    next,
    send: (text: string | Buffer) => socket.send(text),
    sendFrame: (frame: unknown) => socket.send(JSON.stringify(frame)),
    /** Sends a CALL and gives the frame that answers it. */
    async call(action: string, payload: unknown, id = `id${++ids}`): Promise<Frame> {
      socket.send(JSON.stringify([2, id, action, payload]))
      return next((frame) => frame[1] === id && frame[0] !== 2)
    },
    close: async () => {
      socket.close(1000)
      await closed
    },
  }
}
export type RawCharger = Awaited<ReturnType<typeof openRawCharger>>

/** The HTTP answer to an upgrade that is refused. */
export const refusedUpgrade = (
  url: string,
  options: { readonly protocols?: string[] } & ClientOptions = {},
): Promise<{ status: number; headers: IncomingMessage['headers']; body: string }> => {
  const { protocols = ['ocpp1.6'], ...client } = options
  const socket = new WebSocket(url, protocols, client)
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('open', () => {
      socket.terminate()
      reject(new Error('the upgrade was accepted'))
    })
    socket.on('unexpected-response', (_request, response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
  })
}

export const basic = (pair: string | Buffer): { Authorization: string } => ({
  Authorization: `Basic ${Buffer.from(pair as string).toString('base64')}`,
})
