import { expect, test } from 'vitest'
import { type History, historyOf } from '../src/history.ts'
import { shrink } from '../src/shrink.ts'

const history = historyOf(1, 64)
const has = (candidate: History, ...indexes: number[]) =>
  indexes.every(index => candidate.operations.some(operation => operation === history.operations[index]))

test('a failure that needs one operation shrinks to that one', async () => {
  const { history: shortest } = await shrink(history, async candidate => has(candidate, 37))
  expect(shortest.operations).toEqual([history.operations[37]])
})

test('a failure that needs three operations far apart keeps those three, in order', async () => {
  const { history: shortest } = await shrink(history, async candidate => has(candidate, 2, 30, 61))
  expect(shortest.operations).toEqual([2, 30, 61].map(index => history.operations[index]))
})

test('a failure that needs no operation shrinks to none, in the smallest world', async () => {
  const { history: shortest } = await shrink(history, async () => true)
  expect(shortest.operations).toEqual([])
  expect(shortest.shape).toMatchObject({ mail: 0, workers: 1, webServers: 1 })
  expect(shortest.shape.browsers).toHaveLength(1)
})

test('the world stays as large as the failure needs it', async () => {
  const large = { ...history, shape: { ...history.shape, workers: 3, mail: 20 } }
  const { history: shortest } = await shrink(
    large,
    async candidate => candidate.shape.workers === 3 && candidate.shape.mail >= 3,
  )
  expect(shortest.shape).toMatchObject({ workers: 3, mail: 3 })
})

test('it gives up after its budget with the best so far', async () => {
  let asked = 0
  const { history: shortest, tries } = await shrink(
    history,
    async candidate => {
      asked += 1
      return has(candidate, 5)
    },
    7,
  )
  expect(asked).toBe(7)
  expect(tries).toBe(7)
  expect(has(shortest, 5)).toBe(true)
})
