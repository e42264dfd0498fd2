import { chooseBackends, describeBackends } from './backends.ts'

it('brings its own servers along unless told', () => {
  expect(describeBackends(chooseBackends({}))).toBe('event store: embedded, NATS: embedded, Postgres: embedded')
})

it('uses the servers that the environment names and says so without their passwords', () => {
  const backends = chooseBackends({
    ESDB_URL: 'esdb://admin:changeit@n1:2113,n2:2113?tls=true',
    NATS_URL: '',
    POSTGRES_URL: 'postgres://me:secret@db:5432/postgres',
  })
  expect(backends.eventStore).toEqual({
    kind: 'external',
    url: 'esdb://admin:changeit@n1:2113,n2:2113?tls=true',
    from: 'ESDB_URL',
  })
  expect(describeBackends(backends)).toBe(
    'event store: esdb://n1:2113,n2:2113 (ESDB_URL), NATS: embedded, Postgres: postgres://db:5432 (POSTGRES_URL)',
  )
})

it('refuses a URL of another kind by the name of its variable', () => {
  expect(() => chooseBackends({ NATS_URL: 'localhost:4222' })).toThrow(
    'NATS_URL must be a URL that begins with nats://',
  )
})
