import { expect, test } from 'vitest'
import { LightController, LightSignal } from '../src/light-abort.ts'

const light = {
  Controller: LightController as unknown as typeof AbortController,
  any: LightSignal.any as unknown as typeof AbortSignal.any,
}
const real = { Controller: AbortController, any: AbortSignal.any }

/** What listeners hear, in order, of what the code under test does with signals. */
function heard({ Controller, any }: typeof light): string[] {
  const said: string[] = []
  const say = (what: string) => () => void said.push(what)
  const [one, other, last] = [new Controller(), new Controller(), new Controller()]
  const both = any([one.signal, other.signal])
  const removed = say('removed on the way')
  one.signal.addEventListener('abort', say('first'), { once: true })
  one.signal.addEventListener('abort', () => {
    said.push(`second, ${one.signal.aborted}`)
    one.signal.removeEventListener('abort', removed)
    one.abort('again')
  })
  one.signal.addEventListener('abort', removed)
  const twice = say('twice')
  one.signal.addEventListener('abort', twice)
  one.signal.addEventListener('abort', twice)
  one.signal.addEventListener('other', say('another event'))
  both.throwIfAborted()
  one.abort('why')
  other.abort('not heard')
  last.abort()
  said.push(`${both.aborted} ${both.reason} ${one.signal.reason} ${(last.signal.reason as Error).name}`)
  const late = any([other.signal, one.signal])
  late.addEventListener('abort', say('of what is over'))
  said.push(`${late.aborted} ${late.reason}`)
  try {
    late.throwIfAborted()
  } catch (error) {
    said.push(`thrown: ${error}`)
  }
  return said
}

test('light signals tell what those of Node tell, in the same order', () => {
  expect(heard(light)).toEqual(heard(real))
  expect(heard(light)).toContain('first')
})

test('a combined signal leaves the others when one of them aborts', () => {
  const lasting = new LightSignal()
  const listening = new Set<unknown>()
  const { addEventListener, removeEventListener } = lasting
  lasting.addEventListener = function (type, listener) {
    listening.add(listener)
    addEventListener.call(this, type, listener)
  }
  lasting.removeEventListener = function (type, listener) {
    listening.delete(listener)
    removeEventListener.call(this, type, listener)
  }
  let calls = 0
  for (let n = 0; n < 3; n++) {
    const brief = new LightSignal()
    LightSignal.any([lasting, brief]).addEventListener('abort', () => calls++)
    expect(listening.size).toBe(1)
    brief.abort()
    expect(listening.size).toBe(0)
  }
  lasting.abort()
  expect(calls).toBe(3)
})
