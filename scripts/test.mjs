import { ensureInstall, handOver } from './lib/bootstrap.mjs'

ensureInstall()
handOver('test/main.ts')
