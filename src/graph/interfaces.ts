import type { builder } from './builder.ts'
import type { Entity } from './entity.ts'

type AnyInterface = ReturnType<ReturnType<typeof builder.interfaceRef<object>>['implement']>

const added = new Map<Entity, AnyInterface[]>()

/** Has an entity's type implement an interface, whose fields it has to bring along. */
export function addInterface(entity: Entity, ref: AnyInterface): void {
  added.set(entity, [...(added.get(entity) ?? []), ref])
}

export const interfacesOf = (entity: Entity): readonly AnyInterface[] => added.get(entity) ?? []
