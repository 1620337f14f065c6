import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { FAULT_KINDS, PUSH_TOKEN_VARIANTS } from '../src/faults.ts'
import { control, sandboxForTest } from './helpers.ts'

const DOCS = ['sandbox.md', 'sandbox-microsoft.md', 'sandbox-imap.md']
  .map(name => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8'))
  .join('\n')

test('every fault request in the docs is taken as it is written', async () => {
  const sandbox = await sandboxForTest()
  const requests = [...DOCS.matchAll(/`(\{"kind".*?\})`/g)].map(match => match[1] ?? '')
  expect(requests.length).toBeGreaterThan(30)
  for (const text of requests) {
    const answer = await control(sandbox, 'faults', JSON.parse(text) as object)
    expect([text, answer.status]).toEqual([text, 201])
  }
})

test('the docs show every kind of fault and every bad push token', () => {
  for (const kind of FAULT_KINDS) expect(DOCS).toContain(`{"kind":"${kind}"`)
  for (const variant of PUSH_TOKEN_VARIANTS) expect(DOCS).toContain(`\`${variant}\``)
})

test('every control address in the docs exists', async () => {
  const sandbox = await sandboxForTest()
  const paths = new Set(
    [...DOCS.matchAll(/(?:POST|GET|DELETE) \/control\/([a-z-]+(?:\/[a-z-]+)?)/g)].map(
      match => match[1] ?? '',
    ),
  )
  expect(paths.size).toBeGreaterThan(24)
  for (const path of paths) {
    const { body } = await control(sandbox, path, { nonsense: 1 })
    expect([path, (body.error as { code?: string } | undefined)?.code]).not.toEqual([path, 'no_such_route'])
  }
})
