import { ensureInstall, handOver } from './lib/bootstrap.mjs'

ensureInstall()
handOver('deliver/main.ts')
