"""Columns that say nothing of a person; all others are in docs/privacy.md (tests/test_privacy.py)."""

NOT_PERSONAL = {
    "inventory.access_code_tries": "show_id updated_at",
    "inventory.access_codes": "show_id id code seat_ids max_seats ends_at created_at revoked_at",
    "inventory.cancelled_shows": "show_id cancelled_at cleared_at",
    "inventory.commit_markers": "id created_at",
    "inventory.show_markers": "show_id id created_at",
    "inventory.event_index": "event_id title description venue_ids words",
    "inventory.event_ratings": "event_id reviews total",
    "inventory.events": (
        "id title description category duration_minutes language created_at organization_id shared_with status "
        "updated_at featured seat_limit"
    ),
    "inventory.idempotency_keys": "method request_hash created_at",
    "inventory.image_files": "name life used_at is_doomed",
    "inventory.image_owners": "owner_id",
    "inventory.images": "id event_id owner_id source alt_text position bytes created_at files widths heights",
    "inventory.list_prices": "show_id version tier price",
    "inventory.reservations": "show_id booking_id state seat_ids reserved_at expires_at changed_at prices right_ids",
    "inventory.review_reports": "review_id",
    "inventory.reviews": "id event_id hidden_at reports",
    "inventory.screen_seats": (
        "screen_id id position section row number tier section_key row_key label x y features companion_of "
        "price_multiplier area_id"
    ),
    "inventory.screens": "id venue_id name seat_count created_at name_key",
    "inventory.search_grams": "gram word",
    "inventory.search_words": "word",
    "inventory.seat_changes": "show_id sequence seat_id status expires_at changed_at price blocked area_id",
    "inventory.show_changes": "show_id sequence kind changed_at prices_version revision starts_at sales_end_at",
    "inventory.show_counters": (
        "show_id sequence starts_at currency sales_end_at max_seats_per_user seat_hold_minutes "
        "seat_hold_max_minutes reservation_max_minutes status sales_start_at seat_limit revision prices_version"
    ),
    "inventory.show_idempotency_keys": "show_id method request_hash created_at",
    "inventory.show_prices": "show_id tier price",
    "inventory.show_seats": (
        "show_id id position section row number tier price status booking_id expires_at held_at right_id label "
        "features companion_of price_multiplier area_id"
    ),
    "inventory.shows": (
        "id event_id screen_id starts_at ends_at currency created_at sales_end_at organization_id status "
        "sales_start_at seat_limit revision seat_count"
    ),
    "inventory.topic_events": "id topic position key version kind payload created_at",
    "inventory.topics": "topic position forgotten whole_since",
    "inventory.unbooked_holds": "show_id window_began_at minutes",
    "inventory.venue_index": "venue_id words",
    "inventory.venues": (
        "id name city address created_at city_key organization_id shared_with updated_at time_zone amenities capacity"
    ),
    "booking.booking_exports": "id show_id organization_id with_contacts bookings began_at completed_at",
    "booking.booking_names": "organization_id booking_id",
    "booking.booking_refunds": (
        "id booking_id number amount order_amount percentage cause state stuck undone lease_until tickets_revoked "
        "created_at updated_at"
    ),
    "booking.booking_seats": (
        "booking_id position seat_id section row number tier price discount fee tax tax_basis_points sac_code "
        "order_amount unrefundable_amount organizer_fee kind label features refund_id refund_amount"
    ),
    "booking.bookings": (
        "id state version confirming_from lease_until total_amount discount_amount fee_amount tax_amount "
        "final_amount prices_include_tax seller_id place_of_supply currency expires_at created_at updated_at "
        "confirmed_at payment_id refund_amount refund_percentage refund_count refund_stuck request_hash show_id "
        "event_id is_movie title theatre city screen starts_at sales_end_at organization_id ticket_ids time_zone "
        "show_revision booked_starts_at full_refund_until seat_labels coupon_code cancel_reason"
    ),
    "booking.cancelled_shows": "show_id event_id by_admin requested_at cancelled_at swept_to lease_until done_at",
    "booking.captures": "payment_id booking_id session_id amount currency settlement recorded_at",
    "booking.closed_users": "closed_until",
    "booking.commit_markers": "id created_at",
    "booking.coupon_tries": "updated_at",
    "booking.coupons": (
        "id organization_id own_shows_only code kind percentage amount currency valid_from valid_until "
        "minimum_amount maximum_discount max_uses max_uses_per_user show_ids tiers created_at updated_at "
        "deactivated_at"
    ),
    "booking.declines": "payment_id booking_id recorded_at",
    "booking.free_bookings": "day made",
    "booking.idempotency_keys": "method request_hash created_at",
    "booking.invoice_lines": (
        "invoice_id position description sac_code basis_points taxable_amount cgst_amount sgst_amount igst_amount "
        "other_tax_amount"
    ),
    "booking.invoice_series": "seller_id kind year last_number last_at",
    "booking.invoices": (
        "id seller_id kind year sequence number booking_id corrects refund_id issued_at place_of_supply currency "
        "taxable_amount tax_amount total_amount"
    ),
    "booking.outbox": "id topic payload created_at next_attempt_at attempts refusals dead_at dead_reason",
    "booking.search_budgets": "whole_at",
    "booking.sellers": "id country state time_zone organization_id",
    "booking.show_fees": "show_id valid_from names pers amounts basis_points payers refundables",
    "booking.show_kinds": "show_id valid_from kinds tiers prices basis_points at_mosts",
    "booking.show_tax_versions": "show_id valid_from seller_id place_of_supply category prices_include_tax",
    "booking.show_taxes": "show_id seller_id place_of_supply category prices_include_tax",
    "booking.show_updates": "show_id revision noted_at swept_to lease_until done_at",
    "booking.tax_rules": "id country currency category up_to basis_points sac_code valid_from valid_until",
    "booking.ticket_keys": "id number private_key created_at",
    "booking.gates": "id organization_id name offline credential_hash ends_at created_at revoked_at",
    "booking.gate_shows": "gate_id show_id listed_until",
    "booking.show_times": "show_id starts_at ends_at revision",
    "booking.ticket_homes": "ticket_id gate_id",
    "booking.scans": (
        "id gate_id key request_hash show_id ticket_id result came_in is_offline gate_time recorded_at first_scan_id "
        "answer"
    ),
    "booking.admissions": "scan_id ticket_id undone_at",
    "booking.tickets": "id booking_id show_id show_seat_id state issued_at updated_at revision",
    "booking.ticket_offers": (
        "id ticket_id booking_id show_id state created_at expires_at updated_at mail_state mail_attempts mail_answered "
        "mail_next_at"
    ),
    "booking.topic_events": "id topic position key version kind payload created_at",
    "booking.topic_progress": "consumer topic read_to",
    "booking.topics": "topic position forgotten whole_since",
    "payment.book_differences": "position booking_id payment_id difference found_at",
    "payment.booking_accounts": "booking_id closed_at created_at",
    "payment.commit_markers": "id created_at",
    "payment.disputes": "id payment_id state amount lost_amount respond_by created_at updated_at",
    "payment.idempotency_keys": "method request_hash created_at",
    "payment.ledger": "id movement_id payment_id kind reference account amount booked_at",
    "payment.outbox": "id topic payload created_at next_attempt_at attempts refusals dead_at dead_reason",
    "payment.payments": (
        "id booking_id amount currency state refunded_amount expires_at created_at updated_at next_poll_at polls "
        "gateway fee_amount fee_tax next_fee_at disputed_amount lost_amount refunded_by_disputes"
    ),
    "payment.refunds": (
        "id payment_id cause amount state stuck_reason attempts undone redriven by_dispute next_attempt_at "
        "created_at updated_at"
    ),
    "payment.topic_progress": "consumer topic read_to",
    "payment.webhook_events": "id type payment_id received_at",
    "bank.commit_markers": "id created_at",
    "bank.deliveries": (
        "id session_id type payload created_at next_attempt_at attempts last_error delivered_at dead_at repeats "
        "is_lie redriven_at"
    ),
    "bank.ledger": "id session_id kind amount currency refund_id created_at",
    "bank.refunds": "id session_id amount status created_at failures",
    "bank.sessions": (
        "id payment_id amount currency status refunded_amount expires_at created_at ended_at order_id "
        "payment_method decides_at method gateway_order_id gateway_payment_id"
    ),
    "identity.account_mails": "id kind hash ends_at state next_attempt_at attempts answered reason finished_at",
    "identity.attempts": "whole_at",
    "identity.commit_markers": "id created_at",
    "identity.deletions": "lease_until",
    "identity.idempotency_keys": "method request_hash created_at",
    "identity.organizations": "id created_at",
    "identity.refresh_tokens": "hash family_id",
    "identity.signing_keys": "id private_key created_at",
    "identity.successors": "hash sealed created_at",
    "identity.token_families": "id expires_at",
    "notifications.bookings": "id show_id state created_at changed_at is_held",
    "notifications.commit_markers": "id created_at",
    "notifications.mails": (
        "id place kind booking_id offer_id show_id number amount currency starts_at happened_at created_at state "
        "next_attempt_at attempts answered reason finished_at"
    ),
    "notifications.notices": (
        "id kind booking_id offer_id show_id endpoint_id number amount currency starts_at happened_at"
    ),
    "notifications.preferences": "changed_at",
    "notifications.show_facts": "show_id number kind starts_at happened_at told_to told_at",
    "notifications.shows": "id revision starts_at ends_at set_at is_cancelled reminded_to reminded_at",
    "notifications.topic_progress": "consumer topic read_to",
    "notifications.webhook_attempts": "id endpoint_id number outcome status duration_ms is_resend ended_at",
    "notifications.webhook_endpoints": (
        "id organization_id url types state is_verified revision sent_to failures failing_since is_slow lease "
        "leased_until next_attempt_at created_at"
    ),
    "notifications.webhook_logs": "organization_id last_number forgotten",
    "notifications.webhook_messages": "organization_id number id type key version content created_at",
    "notifications.webhook_resends": "endpoint_id number place",
    "notifications.webhook_secrets": "endpoint_id number sealed ends_at",
}
