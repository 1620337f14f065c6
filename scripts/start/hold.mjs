// Runs one command that knows nothing of us (Postgres, a build) and ends it when the supervisor's channel closes.
// argv[2] is JSON: { command: string[], signal: the polite end, group: whether its descendants get it too }.
import { spawn } from 'node:child_process'

const { command, signal, group } = JSON.parse(process.argv[2] ?? '{}')
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'inherit', 'inherit'] })
let ending = false

function end() {
  if (ending) return
  ending = true
  // This process leads the group, and its own handlers below let it outlive the signal.
  if (group) process.kill(-process.pid, signal)
  else child.kill(signal)
  setTimeout(() => child.kill('SIGKILL'), 8000).unref()
}

process.on('disconnect', end)
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(name, end)
child.on('error', error => {
  console.error(`${command[0]}: ${error.message}`)
  process.exit(127)
})
child.on('exit', (code, by) => process.exit(code ?? (by ? 128 : 1)))
