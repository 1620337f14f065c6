import { ensureInstall, handOver } from './lib/bootstrap.mjs'

console.log('Inlet')
ensureInstall()
handOver('start/main.ts', { ownGroup: true })
