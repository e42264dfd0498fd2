import { z } from 'zod'
import { readConfig, url } from '@voltrail/runtime/config'
import type { Environment } from '@voltrail/runtime/config'
import { processVariables } from '@voltrail/runtime/process-variables'

const schema = z.object({
  ...processVariables,
  ESDB_URL: url(['esdb', 'esdb+discover', 'kurrentdb', 'kurrentdb+discover'], 'esdb://127.0.0.1:2113?tls=false'),
  /** Straight to Postgres, not through a transaction pooler: the lock of the writing instance lives on the connection. */
  DATABASE_URL: url(['postgres', 'postgresql'], 'postgres://voltrail@127.0.0.1:5432/voltrail'),
})

export type ProjectorConfig = Readonly<z.output<typeof schema>>

export const readProjectorConfig = (env: Environment): ProjectorConfig => readConfig(schema, env, 'projector-load')
