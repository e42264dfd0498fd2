import { spawn } from 'node:child_process'
import { AuthorityAway, RequestRefused, issuedOf, type CertificateAuthority } from './certificate-authority.ts'

export interface ScriptOptions {
  /** an executable file; it is started without a shell and without arguments */
  readonly command: string
  /** PEM each: what its certificates chain to */
  readonly roots: readonly string[]
  /** ms */
  readonly timeoutMs: number
}

/** a chain is 10 kB; more than this is no chain */
const mostOutput = 1_000_000

/**
 * An authority behind a script: the request (PEM) on its standard input, the chain (PEM) on its standard output. Exit code 75
 * (EX_TEMPFAIL) means later; every other but 0 means refused, and its standard error says why.
 */
export const scriptAuthority = ({ command, roots, timeoutMs }: ScriptOptions): CertificateAuthority => ({
  name: 'script',
  roots: async () => roots,
  // they come with each chain
  intermediates: async () => [],
  issue: async (request) => issuedOf(await run(command, request.pem, timeoutMs), request, roots),
  revocationList: async () => undefined,
})

const run = (command: string, input: string, timeoutMs: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, [], { stdio: ['pipe', 'pipe', 'pipe'] })
    let output = ''
    let errors = ''
    const deadline = setTimeout(() => {
      child.kill('SIGKILL')
      // a grandchild may hold the pipes open
      child.stdout.destroy()
      child.stderr.destroy()
      reject(new AuthorityAway(`the script ${command} did not end within ${timeoutMs} ms`))
    }, timeoutMs)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < mostOutput) output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (errors.length < 1_000) errors += text
    })
    // a script that does not read its input is its own affair
    child.stdin.on('error', () => {})
    child.on('error', (error) => {
      clearTimeout(deadline)
      reject(new AuthorityAway(`the script ${command} cannot be started: ${error.message}`))
    })
    child.on('close', (code, signal) => {
      clearTimeout(deadline)
      if (code === 0) return resolve(output)
      const reason = errors.trim().slice(0, 300) || (code === null ? `it was ended by ${signal}` : `exit code ${code}`)
      reject(code === 75 || code === null ? new AuthorityAway(reason) : new RequestRefused(reason))
    })
    child.stdin.end(input)
  })
