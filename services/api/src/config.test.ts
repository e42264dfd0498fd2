import { ConfigError } from '@voltrail/runtime/config'
import { readApiConfig } from './config.ts'

const env = {
  OPERATOR_KEY: 'k'.repeat(32),
  NATS_URL: 'nats://localhost:4222',
  ESDB_URL: 'esdb://localhost:2113?tls=false',
  DATABASE_URL: 'postgres://localhost/voltrail',
  MASTER_KEY: 'ab'.repeat(32),
  PEPPER: 'cd'.repeat(16),
}
const wrongVariables = (change: Readonly<Record<string, string>>) => {
  try {
    readApiConfig({ ...env, ...change })
    return []
  } catch (error) {
    return [...new Set((error as ConfigError).problems.map(({ variable }) => variable))]
  }
}

describe('the settings of the api', () => {
  it('have defaults for all but secrets and servers', () => {
    expect(readApiConfig(env)).toMatchObject({
      API_PORT: 8080,
      OPERATOR_TENANT: 'default',
      COMMAND_TIMEOUT: 30_000,
      EVENT_STREAMS_MAX: 50,
    })
  })
  it('are refused by name, all that are wrong at once', () => {
    expect(() => readApiConfig({})).toThrow(ConfigError)
    expect(
      wrongVariables({
        OPERATOR_KEY: 'short',
        MASTER_KEY: 'xyz',
        OPERATOR_TENANT: 'No Tenant',
        EVENT_STREAMS_MAX: '1000',
      }),
    ).toEqual(['OPERATOR_KEY', 'OPERATOR_TENANT', 'MASTER_KEY', 'EVENT_STREAMS_MAX'])
  })
  it('give the key its roles, or none', () => {
    expect(readApiConfig(env).OPERATOR_ROLES).toEqual(new Set(['grid', 'firmware']))
    expect(readApiConfig({ ...env, OPERATOR_ROLES: 'none' }).OPERATOR_ROLES).toEqual(new Set())
    expect(wrongVariables({ OPERATOR_ROLES: 'grid,root' })).toEqual(['OPERATOR_ROLES'])
  })
  it('refuse an operator key that no header can carry', () => {
    expect(wrongVariables({ OPERATOR_KEY: 'a key with blanks in it' })).toEqual(['OPERATOR_KEY'])
  })
})
