import { historyOf } from './history.ts'
import { simulate } from './simulation.ts'
const [seed, ops, n] = process.argv.slice(2).map(Number)
const o = await simulate(historyOf(seed!, ops!), { trace: true })
console.log(JSON.stringify(historyOf(seed!, ops!).shape)); console.log(o.trace.slice(0, n!).join('\n')); console.log('....'); console.log(o.trace.slice(-60).join('\n')); console.log(o.failure)
