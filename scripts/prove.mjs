import { ensureInstall, handOver } from './lib/bootstrap.mjs'

ensureInstall()
handOver('prove/main.ts')
