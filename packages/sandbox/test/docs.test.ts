import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { FAULT_KINDS, PUSH_TOKEN_VARIANTS } from '../src/faults.ts'
import { control, sandboxForTest } from './helpers.ts'

const DOCS = readFileSync(new URL('../../../docs/sandbox.md', import.meta.url), 'utf8')

test('every fault request in docs/sandbox.md is taken as it is written', async () => {
  const sandbox = await sandboxForTest()
  const requests = [...DOCS.matchAll(/`(\{"kind".*?\})`/g)].map(match => match[1] ?? '')
  expect(requests.length).toBeGreaterThan(20)
  for (const text of requests) {
    const answer = await control(sandbox, 'faults', JSON.parse(text) as object)
    expect([text, answer.status]).toEqual([text, 201])
  }
})

test('docs/sandbox.md shows every kind of fault and every bad push token', () => {
  for (const kind of FAULT_KINDS) expect(DOCS).toContain(`{"kind":"${kind}"`)
  for (const variant of PUSH_TOKEN_VARIANTS) expect(DOCS).toContain(`\`${variant}\``)
})

test('every control address in docs/sandbox.md exists', async () => {
  const sandbox = await sandboxForTest()
  const paths = new Set(
    [...DOCS.matchAll(/(?:POST|GET|DELETE) \/control\/([a-z-]+)/g)].map(match => match[1] ?? ''),
  )
  expect(paths.size).toBeGreaterThan(12)
  for (const path of paths) {
    const { body } = await control(sandbox, path, { nonsense: 1 })
    expect([path, (body.error as { code?: string } | undefined)?.code]).not.toEqual([path, 'no_such_route'])
  }
})
