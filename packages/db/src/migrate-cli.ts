import { migrate } from './migrate.ts'

const url = process.argv[2] ?? process.env.DATABASE_URL
if (!url) {
  console.error('Give the database: node packages/db/src/migrate-cli.ts postgres://… (or set DATABASE_URL).')
  process.exit(2)
}
try {
  const applied = await migrate(url)
  console.log(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
