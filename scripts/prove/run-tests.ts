import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runTool } from '../lib/run-tool.ts'
import { root } from '../start/root.ts'
import { type NamedTest, titlePattern } from './break.ts'

export interface Ran {
  file: string
  name: string
  /** Why it failed; null: it passed. */
  failure: string | null
}

/** What came of a run: the tests that ran, or why none did. */
export type Outcome = { ran: Ran[]; trouble: string | null }

interface Report {
  testResults: {
    name: string
    message?: string
    assertionResults: { fullName: string; status: string; failureMessages?: string[] }[]
  }[]
}

export interface Place {
  /** A copy of the checkout. */
  folder: string
  /** Of a server of this place's own; undefined where no test needs one. */
  postgresUrl: string | undefined
}

/** Runs only the named tests, in one process of vitest that ends within the limit. */
export async function runTests(place: Place, tests: NamedTest[], timeoutMs: number): Promise<Outcome> {
  const { folder, postgresUrl } = place
  const report = join(folder, 'test-results', 'prove.json')
  await rm(report, { force: true })
  const unique = (values: string[]) => [...new Set(values)]
  const result = await runTool(
    [
      process.execPath,
      join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      'run',
      ...unique(tests.map(test => test.project)).flatMap(project => ['--project', project]),
      ...unique(tests.map(test => test.file)),
      '--testNamePattern',
      unique(tests.map(test => titlePattern(test.name))).join('|'),
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    { cwd: folder, timeoutMs, env: { INLET_TEST_POSTGRES_URL: postgresUrl } },
  )
  const text = await readFile(report, 'utf8').catch(() => null)
  if (text === null) return { ran: [], trouble: `${result.reason}\n${result.output.trim().slice(-2_000)}` }
  const { testResults } = JSON.parse(text) as Report
  const ran = testResults.flatMap(file =>
    file.assertionResults
      .filter(({ status }) => status === 'passed' || status === 'failed')
      .map(({ fullName, status, failureMessages }) => ({
        file: file.name.slice(folder.length + 1),
        name: fullName,
        failure: status === 'failed' ? (failureMessages?.[0] ?? 'It does not say why.') : null,
      })),
  )
  const said = testResults.map(({ message }) => message ?? '').find(message => message !== '')
  return { ran, trouble: said ?? null }
}

/** The runs of one test among those of a run. */
export function runsOf(test: NamedTest, ran: Ran[]): Ran[] {
  const pattern = new RegExp(titlePattern(test.name))
  return ran.filter(({ file, name }) => file === test.file && pattern.test(name))
}
