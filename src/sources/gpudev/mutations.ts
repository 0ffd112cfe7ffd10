import './gpu-api-key.mutations.ts'
import './gpu-disk.mutations.ts'
import './gpu-reservation.mutations.ts'
import './gpu-reservation-creation.mutations.ts'
