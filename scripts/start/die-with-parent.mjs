// Preloaded (node --import) into the servers that npm start runs: when the supervisor dies, even by SIGKILL,
// the channel to it closes and the server ends itself instead of living on with nobody to stop it.
import { isMainThread } from 'node:worker_threads'

if (isMainThread && process.channel) {
  // Output goes to the supervisor too: without this the first line written after its death would be a crash.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  process.once('disconnect', () => {
    setTimeout(() => process.exit(1), 5000).unref()
    process.kill(process.pid, 'SIGTERM')
  })
  // The listener keeps the channel, and with it the process, open: a script that has finished must be able to end.
  process.channel.unref()
}
