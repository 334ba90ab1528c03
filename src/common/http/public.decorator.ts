import { SetMetadata } from '@nestjs/common';

/** Metadata key of {@link Public}. */
export const IS_PUBLIC = 'isPublic';

/** Opens a route to everybody. Without it a route wants a token; a test lists the routes that carry it. */
export const Public = () => SetMetadata(IS_PUBLIC, true);
