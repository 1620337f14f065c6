import { expect, test } from 'vitest'
import { createVault, VaultError } from '../src/vault.ts'

const keys = { old: new Uint8Array(32).fill(1), new: new Uint8Array(32).fill(2) }
const vault = createVault({ current: 'new', keys })

test('what is sealed for an account opens for it, and never looks the same twice', () => {
  const a = vault.seal('token ✓', 'acc1')
  const b = vault.seal('token ✓', 'acc1')
  expect(vault.open(a, 'acc1')).toBe('token ✓')
  expect(a.ciphertext.equals(b.ciphertext)).toBe(false)
  expect(a.ciphertext.includes('token')).toBe(false)
})

test('a ciphertext moved to another account does not open', () => {
  expect(() => vault.open(vault.seal('token', 'acc1'), 'acc2')).toThrow(VaultError)
})

test('a ciphertext with any byte changed, or cut short, does not open', () => {
  const { keyId, ciphertext } = vault.seal('token', 'acc1')
  for (let byte = 0; byte < ciphertext.length; byte++) {
    const forged = Buffer.from(ciphertext)
    forged[byte] = (forged[byte] ?? 0) ^ 1
    expect(() => vault.open({ keyId, ciphertext: forged }, 'acc1')).toThrow(VaultError)
    expect(() => vault.open({ keyId, ciphertext: ciphertext.subarray(0, byte) }, 'acc1')).toThrow(VaultError)
  }
})

test('an older key of the ring still opens what it sealed; one that is gone is named', () => {
  const before = createVault({ current: 'old', keys }).seal('token', 'acc1')
  expect(vault.open(before, 'acc1')).toBe('token')
  const without = createVault({ current: 'new', keys: { new: keys.new } })
  expect(() => without.open(before, 'acc1')).toThrow('holds no key "old"')
  expect(() => without.open({ ...before, keyId: '__proto__' }, 'acc1')).toThrow(VaultError)
})

test('a key of the wrong length and a ring without its current key are refused', () => {
  expect(() => createVault({ current: 'a', keys: { a: new Uint8Array(16) } })).toThrow('16 bytes')
  expect(() => createVault({ current: 'b', keys: { a: keys.old } })).toThrow('no key "b"')
})
