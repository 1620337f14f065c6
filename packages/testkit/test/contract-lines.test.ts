import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { contractLines } from '../../../scripts/test/contract-lines.ts'

function report(results: [suite: string, status: string][]): string {
  const folder = mkdtempSync(join(tmpdir(), 'inlet-report-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'vitest.json')
  const testResults = results.map(([suite, status]) => ({
    assertionResults: [{ ancestorTitles: [suite, 'pull'], status }],
  }))
  writeFileSync(file, JSON.stringify({ testResults }))
  return file
}

test('the contract’s cases are counted for each provider and variant, in one order', () => {
  const lines = contractLines(
    report([
      ['the provider contract over fake', 'passed'],
      ['the provider contract over IMAP without QRESYNC, IDLE', 'passed'],
      ['the provider contract over IMAP', 'passed'],
      ['the provider contract over IMAP', 'failed'],
      ['the provider contract over Gmail', 'skipped'],
      ['the provider contract over IMAP', 'passed'],
      ['memory store keeps the contract of the store', 'passed'],
    ]),
  )
  expect(lines.slice(1)).toEqual([
    '  Gmail 0, 1 not run',
    '  IMAP 2, 1 failed',
    '  IMAP without QRESYNC, IDLE 1',
    '  fake 1',
  ])
})

test('a run without the contract, or without a report, says nothing of it', () => {
  expect(contractLines(report([['another suite', 'passed']]))).toEqual([])
  expect(contractLines('/nowhere/vitest.json')).toEqual([])
})
