import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { WebSocketServer } from 'ws'

/**
 * What our figures are compared with: a bare `ws` server that answers from memory, or, with DATABASE_URL, after one INSERT for each
 * message (pool of 10). It validates nothing, remembers nothing of a session, and bills nobody. A process of its own.
 */
const databaseUrl = process.env['DATABASE_URL']
const pool = databaseUrl === undefined ? undefined : new pg.Pool({ connectionString: databaseUrl, max: 10 })

let transactions = 0

const answerOf = (action: string): object => {
  const currentTime = new Date().toISOString()
  switch (action) {
    case 'BootNotification':
      return { status: 'Accepted', currentTime, interval: 300 }
    case 'Heartbeat':
      return { currentTime }
    case 'Authorize':
    case 'StopTransaction':
      return { idTagInfo: { status: 'Accepted' } }
    case 'StartTransaction':
      return { transactionId: ++transactions, idTagInfo: { status: 'Accepted' } }
    default:
      return {}
  }
}

const insert = {
  name: 'message',
  text: 'insert into message (charger, message_id, action, payload) values ($1, $2, $3, $4)',
}

const serve = async (): Promise<void> => {
  await pool?.query(
    'create table if not exists message (id bigserial primary key, received timestamptz not null default now(), charger text not null, message_id text not null, action text not null, payload jsonb not null)',
  )
  const http = createServer((_, response) => response.end())
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false, handleProtocols: () => 'ocpp1.6' })
  sockets.on('connection', (socket, request) => {
    const charger = request.url?.split('/').at(-1) ?? ''
    socket.on('error', () => undefined)
    const answer = async (data: Buffer): Promise<void> => {
      const [, id, action, payload] = JSON.parse(data.toString('utf8')) as [number, string, string, object]
      if (pool !== undefined) await pool.query({ ...insert, values: [charger, id, action, payload] })
      socket.send(JSON.stringify([3, id, answerOf(action)]))
    }
    // what cannot be inserted ends this process, and with it the run
    socket.on('message', (data: Buffer) => void answer(data))
  })
  http.listen(0, '127.0.0.1', () => process.send?.({ port: (http.address() as AddressInfo).port }))
}

process.on('disconnect', () => process.exit())
void serve()
