import { execFile } from 'node:child_process'
import { GenericContainer, Wait } from 'testcontainers'
import type { StartedTestContainer } from 'testcontainers'

/** The production servers in containers, with nothing in them. */
export interface ContainerServers {
  readonly urls: { readonly ESDB_URL: string; readonly NATS_URL: string; readonly POSTGRES_URL: string }
  stop(): Promise<void>
}

export const images = {
  eventStore: 'eventstore/eventstore:24.10',
  nats: 'nats:2.11',
  postgres: 'postgres:18',
} as const

const startDeadlineMs = 120_000
const password = 'end-to-end'

/** Whether there is a Docker that answers. */
export function dockerAnswers(): Promise<boolean> {
  return new Promise((resolve) => {
    execFile('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 10_000 }, (error) => resolve(!error))
  })
}

/** Starts the three of them side by side; when one fails, the others are stopped. */
export async function startContainers(): Promise<ContainerServers> {
  const outcomes = await Promise.allSettled([
    new GenericContainer(images.eventStore)
      .withEnvironment({ EVENTSTORE_INSECURE: 'true', EVENTSTORE_MEM_DB: 'true', EVENTSTORE_RUN_PROJECTIONS: 'None' })
      .withExposedPorts(2113)
      .withWaitStrategy(Wait.forHttp('/health/live', 2113).forStatusCode(204))
      .withStartupTimeout(startDeadlineMs)
      .start(),
    new GenericContainer(images.nats)
      .withCommand(['-js'])
      .withExposedPorts(4222)
      .withWaitStrategy(Wait.forLogMessage('Server is ready'))
      .withStartupTimeout(startDeadlineMs)
      .start(),
    new GenericContainer(images.postgres)
      .withEnvironment({ POSTGRES_PASSWORD: password })
      .withExposedPorts(5432)
      // once for the server that makes the cluster, once for the real one
      .withWaitStrategy(Wait.forLogMessage('database system is ready to accept connections', 2))
      .withStartupTimeout(startDeadlineMs)
      .start(),
  ])
  const stop = async (): Promise<void> => {
    await Promise.all(outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.stop()] : [])))
  }
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed) {
    await stop()
    throw failed.reason
  }
  const [eventStore, nats, postgres] = outcomes.map(
    (outcome) => (outcome as PromiseFulfilledResult<StartedTestContainer>).value,
  ) as [StartedTestContainer, StartedTestContainer, StartedTestContainer]
  const at = (container: StartedTestContainer, port: number) =>
    `${container.getHost()}:${container.getMappedPort(port)}`
  return {
    urls: {
      ESDB_URL: `esdb://${at(eventStore, 2113)}?tls=false`,
      NATS_URL: `nats://${at(nats, 4222)}`,
      POSTGRES_URL: `postgres://postgres:${password}@${at(postgres, 5432)}/postgres`,
    },
    stop,
  }
}
