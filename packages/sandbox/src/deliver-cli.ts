import { parseArgs } from 'node:util'
import { deliver, deliverGenerated } from './deliver.ts'

const USAGE =
  'deliver FILE… | --generate N [--rate PER_SECOND]  [--to ADDRESS]   (INLET_SANDBOX_URL, INLET_SANDBOX_ACCOUNT)'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    generate: { type: 'string' },
    rate: { type: 'string' },
    to: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const url = process.env.INLET_SANDBOX_URL ?? 'http://127.0.0.1:4010'
const account = values.to ?? process.env.INLET_SANDBOX_ACCOUNT
const options = { url, ...(account && { account }) }

if (values.help || (positionals.length === 0 && values.generate === undefined)) {
  console.log(USAGE)
  process.exitCode = values.help ? 0 : 2
} else if (values.generate !== undefined) {
  const count = Number(values.generate)
  const rate = values.rate === undefined ? undefined : Number(values.rate)
  if (!(count >= 1) || (rate !== undefined && !(rate > 0))) {
    console.error(`--generate ${values.generate} and --rate ${values.rate ?? ''} must be numbers above 0.`)
    process.exitCode = 2
  } else {
    try {
      console.log(await deliverGenerated(count, rate, options))
    } catch (error) {
      console.error(error instanceof Error ? error.message : error)
      process.exitCode = 1
    }
  }
} else {
  for (const { file, id, error } of await deliver(positionals, options)) {
    console.log(id === null ? `${file}: not delivered. ${error}` : `${file}: delivered as ${id}`)
    if (id === null) process.exitCode = 1
  }
}
