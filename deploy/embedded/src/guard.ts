import { spawn } from 'node:child_process'

/** Services end before the servers that they talk to. */
export type GuardStage = 'service' | 'server'

/**
 * Ends our processes when we cannot: a shell that hears from us which ones run. When its input ends without `-` for each, we were
 * killed; then it asks the services to end, after 3 s the servers, and kills after 5 s more whatever is left.
 */
export interface Guard {
  readonly pid: number
  add(stage: GuardStage, pid: number, signal: NodeJS.Signals): void
  remove(pid: number): void
  /** Lets it go; resolves when it has gone, so that nothing of ours lives longer than we do. */
  stop(): Promise<void>
}

const script = `
running=
while read -r sign stage signal pid; do
  kept=
  for one in $running; do [ "\${one##*:}" = "$pid" ] || kept="$kept $one"; done
  running=$kept
  [ "$sign" = + ] && running="$running $stage:$signal:$pid"
done
end() {
  for one in $running; do
    rest=\${one#*:}
    [ "\${one%%:*}" = "$1" ] && kill -"\${rest%%:*}" "\${rest#*:}" 2>/dev/null
  done
  turns=0
  while [ $turns -lt $2 ]; do
    alive=
    for one in $running; do
      [ "\${one%%:*}" = "$1" ] && kill -0 "\${one##*:}" 2>/dev/null && alive=yes
    done
    [ -n "$alive" ] || break
    sleep 0.1
    turns=$((turns + 1))
  done
}
[ -n "$running" ] || exit 0
end service 30
end server 50
for one in $running; do kill -KILL "\${one##*:}" 2>/dev/null; done
exit 0
`

export function startGuard(): Guard {
  // detached: a Ctrl-C in the terminal is for us alone
  const shell = spawn('/bin/sh', ['-c', script, 'voltrail-guard'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  const gone = new Promise<void>((resolve) => {
    shell.once('exit', () => resolve())
    // without it everything still runs and ends with us, unless we are killed
    shell.once('error', () => resolve())
  })
  shell.stdin.on('error', () => undefined)
  shell.unref()
  ;(shell.stdin as unknown as { unref(): void }).unref()
  const tell = (line: string): void => void (shell.stdin.writable && shell.stdin.write(`${line}\n`))
  return {
    pid: shell.pid ?? 0,
    add: (stage, pid, signal) => tell(`+ ${stage} ${signal.replace(/^SIG/, '')} ${pid}`),
    remove: (pid) => tell(`- any any ${pid}`),
    stop() {
      shell.ref()
      shell.stdin.end()
      return gone
    },
  }
}
