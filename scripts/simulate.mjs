import { ensureInstall, handOver } from './lib/bootstrap.mjs'

ensureInstall()
handOver('../apps/simulate/src/main.ts')
