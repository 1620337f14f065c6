import { storeContract } from '@inlet/testkit/contract/store'
import { storeOnPostgres } from './fixture.ts'

const { get } = storeOnPostgres()

storeContract('Postgres', get)
