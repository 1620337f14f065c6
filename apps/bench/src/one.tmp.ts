import { openContext } from './bench.ts'
import { toText } from './report.ts'
const [file, name, repeats='1', ...opts] = process.argv.slice(2)
const o = Object.fromEntries(opts.map(x => x.split('=')))
const bench = (await import(`./${file}.ts`))[name!]
const { context, close } = openContext({ repeats: Number(repeats), option: (n, f) => Number(o[n] ?? f), signal: AbortSignal.timeout(900000), say: t => console.error(`  ${t}`) })
try { console.log(toText(await bench.run(context))) } catch (e) { console.error(e) } finally { await close() }
process.exit(0)
