import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NatsServerOptions } from './nats-server.ts'
import { startNatsServer } from './nats-server.ts'

export interface TestNats {
  readonly url: string
  stop(): Promise<void>
}

/**
 * An empty nats-server with JetStream for a test file (a start takes about 30 ms). Call it in `beforeAll` and `stop()` in
 * `afterAll`. When that is missed, the server goes with its files when the process ends, in whatever way, and does not
 * keep the process alive.
 *
 * `NATS_URL` names a server to use instead; then `stop()` does nothing, and what others stored there is visible.
 */
export async function openTestNats(
  options: Pick<NatsServerOptions, 'maxPayload' | 'configText' | 'log'> = {},
): Promise<TestNats> {
  const given = process.env['NATS_URL']
  if (given) return { url: given, stop: async () => {} }
  const folder = mkdtempSync(join(tmpdir(), 'voltrail-test-nats-'))
  const server = await startNatsServer({ ...options, storeDir: join(folder, 'store'), holdsProcess: false })
  const endWatch = endWithThisProcess(server.pid, folder)
  return {
    url: server.url,
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
      endWatch()
    },
  }
}

/** A shell that reads from us until our end of the pipe closes, even by kill -9, then stops the server and clears up. */
function endWithThisProcess(pid: number, folder: string): () => void {
  // the folder is there as long as nobody stopped the server: without it, the process id may be somebody else's by now
  const script = 'cat >/dev/null; [ -d "$2" ] || exit 0; kill -KILL "$1"; sleep 0.2; rm -rf "$2"'
  const watcher = spawn('/bin/sh', ['-c', script, 'sh', String(pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watcher.unref()
  ;(watcher.stdin as unknown as { unref(): void }).unref()
  return () => watcher.stdin.end()
}
