import { ensureInstall, handOver } from './lib/bootstrap.mjs'

ensureInstall()
handOver('reset/main.ts')
