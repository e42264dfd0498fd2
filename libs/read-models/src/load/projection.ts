import { categoryPrefix } from '@voltrail/contracts/streams'
import { handledTypes, handling } from '../event-context.ts'
import type { Projection } from '../projection.ts'
import { chargerHandlers } from './charger-rows.ts'
import { loadMigrations } from './schema.ts'
import { sessionHandlers } from './session-rows.ts'

/** What load control looks at: who charges, on which phases, offered and measured. */
export const loadProjection: Projection = {
  name: 'load',
  schema: 'load',
  streamPrefixes: [categoryPrefix('charger'), categoryPrefix('session')],
  eventTypes: [...handledTypes(chargerHandlers), ...handledTypes(sessionHandlers)],
  migrations: loadMigrations,
  // `<tenant>.<charger>`: what a charger says of its EVSEs and what its sessions say of them meet in one row
  groupOf: ({ stream }) =>
    stream
      .slice(stream.indexOf('-') + 1)
      .split('.', 2)
      .join('.'),
  apply: handling({ session: sessionHandlers, charger: chargerHandlers }),
}
