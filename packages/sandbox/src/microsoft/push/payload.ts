import type { ChangeNotification } from '@microsoft/microsoft-graph-types'
import { secret } from '../../mailbox/ids.ts'
import { TENANT } from '../entra/clients.ts'
import { changeKey } from '../mailbox/ids.ts'
import type { OutlookMailbox } from '../mailbox/outlook-mailbox.ts'
import type { Change } from './matching.ts'
import type { LifecycleEvent, StoredSubscription } from './subscriptions.ts'

/** A change in basic mode: ids only, in the form the subscription was made with. */
export function changeNotification(
  mailbox: OutlookMailbox,
  subscription: StoredSubscription,
  { type, item }: Change,
): ChangeNotification {
  const { account } = mailbox
  const id = mailbox.wireId(item, subscription.immutableIds)
  const resource = `Users/${account.userId}/Messages/${id}`
  return {
    id: secret(12),
    ...common(subscription),
    changeType: type,
    resource,
    resourceData: {
      '@odata.type': '#Microsoft.Graph.Message',
      '@odata.id': resource,
      '@odata.etag': `W/"${changeKey(account, item.change)}"`,
      id,
    } as NonNullable<ChangeNotification['resourceData']>,
  }
}

export function lifecycleNotification(
  subscription: StoredSubscription,
  lifecycleEvent: LifecycleEvent,
): ChangeNotification {
  return { ...common(subscription), lifecycleEvent }
}

function common(subscription: StoredSubscription): ChangeNotification {
  const { id, expires, clientState } = subscription
  return {
    subscriptionId: id,
    subscriptionExpirationDateTime: new Date(expires).toISOString(),
    ...(clientState !== null && { clientState }),
    tenantId: TENANT,
  }
}
