import { historyOf } from '/work/main/apps/simulate/src/history.ts'
import { simulate } from '/work/main/apps/simulate/src/simulation.ts'
const [from, n, ops] = process.argv.slice(2).map(Number)
const t0 = performance.now(); let bad = 0, ev = 0
for (let s = from!; s < from! + n!; s++) {
  const t = performance.now()
  const o = await simulate(historyOf(s, ops!))
  ev += o.events
  const ms = performance.now() - t
  if (o.failure) { bad++; console.log(s, o.failure.invariant, o.failure.message.slice(0, 300), (o.virtualMs/60000).toFixed(1)+'min') }
  if (ms > 400) console.log('slow', s, ms.toFixed(0), o.events, (o.virtualMs/60000).toFixed(1)+'min')
}
console.log({ bad, perSec: n! / (performance.now() - t0) * 1000, events: ev / n! })
