import { ensureInstall, handOver } from './lib/bootstrap.mjs'

ensureInstall()
handOver('../apps/bench/src/main.ts')
