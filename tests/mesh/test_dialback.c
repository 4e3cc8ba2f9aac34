/* What answers to requests for dial-backs say about this relay's own address. */
#include "mesh/dialback.h"

#include <string.h>

#include "support/mesh_net.h"
#include "support/test.h"

enum { ANSWER_MS = 15000 };

static struct cepa_mesh_peer *peers[4];

/* A relay with links to four others, all in different networks, that has no receipt yet. */
static struct cepa_mesh *make(void)
{
    mesh_net_reset(71);
    for (uint32_t i = 0; i < 6; i++) {
        struct mesh_net_node *node = mesh_net_add(false);
        for (uint32_t j = 0; j < i && j < 2; j++) {
            mesh_net_join(node, mesh_net_node(j));
        }
    }
    mesh_net_run(15000);
    struct cepa_mesh *mesh = mesh_net_node(5)->mesh;
    size_t len = 0;
    for (uint32_t i = 0; i < 5 && len < 4; i++) {
        struct cepa_mesh_peer *peer = cepa_mesh_peer_of(mesh, &mesh_net_node(i)->identity.node);
        if (peer != NULL) {
            peers[len++] = peer;
        }
    }
    CHECK_INT(len, 4);
    cepa_dialback_forget(mesh);
    mesh->health = 0;
    return mesh;
}

/* A peer that was asked `took_ms` ago says that it has not reached this relay. */
static void say_no(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, uint32_t took_ms)
{
    const struct cepa_mesh_receipt item = {.nonce = 7};
    mesh->receipt_waits[0].link = peer->link;
    mesh->receipt_waits[0].nonce = 7;
    mesh->receipt_waits[0].until =
        cepa_time_add(mesh->now, (ANSWER_MS - took_ms) * CEPA_MILLISECOND_NS);
    cepa_dialback_on_receipt(mesh, peer, &item);
    CHECK(mesh->receipt_waits[0].link == 0);
}

static uint32_t count_effects(struct cepa_mesh *mesh)
{
    struct cepa_mesh_effect effect;
    uint32_t count = 0;
    while (cepa_mesh_next(mesh, &effect, mesh->now) == 0) {
        count += effect.kind == CEPA_MESH_FILTERED ? 1 : 0;
    }
    return count;
}

TEST(three_networks_that_dial_in_vain_are_enough)
{
    struct cepa_mesh *mesh = make();
    say_no(mesh, peers[0], 8000);
    say_no(mesh, peers[1], 12000);
    CHECK_INT(count_effects(mesh), 0);
    say_no(mesh, peers[1], 8000); /* one network counts once */
    say_no(mesh, peers[0], 8000);
    CHECK_INT(count_effects(mesh), 0);
    say_no(mesh, peers[2], 8000);
    CHECK_INT(count_effects(mesh), 1);
    say_no(mesh, peers[3], 8000);
    CHECK_INT(count_effects(mesh), 0); /* it is said once */
}

TEST(refusals_say_nothing)
{
    struct cepa_mesh *mesh = make();
    for (size_t i = 0; i < 4; i++) {
        say_no(mesh, peers[i], 3900);
    }
    CHECK_INT(mesh->vain_len, 0);
    CHECK_INT(count_effects(mesh), 0);
}

TEST(who_was_reached_or_doubts_itself_is_not_filtered)
{
    struct cepa_mesh *mesh = make();
    mesh->receipts_len = 1; /* from one network: one more must have dialled in vain */
    for (size_t i = 0; i < 3; i++) {
        say_no(mesh, peers[i], 8000);
    }
    CHECK(!cepa_mesh_is_filtered(mesh));
    cepa_dialback_forget(mesh);
    mesh->health = 1;
    for (size_t i = 0; i < 4; i++) {
        say_no(mesh, peers[i], 8000);
    }
    CHECK_INT(mesh->vain_len, 0);
    mesh->health = 0;
    mesh->addresses_len = 0; /* asked as one that is introduced */
    for (size_t i = 0; i < 4; i++) {
        say_no(mesh, peers[i], 8000);
    }
    CHECK_INT(mesh->vain_len, 0);
    CHECK_INT(count_effects(mesh), 0);
}

TEST(another_address_is_tried_anew)
{
    struct cepa_mesh *mesh = make();
    struct cepa_relay_address address = mesh_net_node(5)->address;
    say_no(mesh, peers[0], 8000);
    say_no(mesh, peers[1], 8000);
    CHECK_INT(mesh->vain_len, 2);
    address.reach.port++;
    cepa_mesh_set_addresses(mesh, &address, 1, mesh->now);
    CHECK_INT(mesh->vain_len, 0);
    say_no(mesh, peers[2], 8000);
    CHECK_INT(count_effects(mesh), 0);
}

/* Who is asked for a dial-back to the withheld address when the next trial is due. */
static struct cepa_mesh_peer *begin_trial(struct cepa_mesh *mesh)
{
    mesh->now = mesh->trial_at;
    mesh->receipt_at = mesh->now;
    cepa_dialback_step(mesh);
    return cepa_mesh_peer_find(mesh, mesh->trial.link);
}

static void answer_trial(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, bool is_forged)
{
    struct cepa_mesh_receipt item = {.nonce = mesh->trial.nonce, .was_reached = true};
    struct cepa_receipt *receipt = &item.receipt;
    for (uint32_t i = 0; i < 5; i++) {
        struct mesh_net_node *node = mesh_net_node(i);
        if (memcmp(&node->identity.node, &peer->facts.node, sizeof peer->facts.node) == 0) {
            cepa_mesh_self_prefix(node->mesh, &receipt->prober_prefix);
            receipt->day = mesh->today;
            receipt->how = CEPA_RECEIPT_DIALLED;
            cepa_prefix_of(&receipt->reached, &mesh->addresses[0].reach);
            cepa_receipt_sign(receipt, node->mesh->config.signing_key,
                              &mesh->config.index->rules.network, &mesh->config.node);
        }
    }
    receipt->signature[0] ^= is_forged ? 1 : 0;
    cepa_dialback_on_receipt(mesh, peer, &item);
}

/* Three liars make a relay introduced for a minute, not for good. */
TEST(what_is_withheld_is_tried_again)
{
    struct cepa_mesh *mesh = make();
    struct cepa_relay_address address = mesh_net_node(5)->address;
    for (size_t i = 0; i < 3; i++) {
        say_no(mesh, peers[i], 5000);
    }
    CHECK(cepa_mesh_is_filtered(mesh));
    CHECK_INT(mesh->addresses_len, 0);
    struct cepa_time since = mesh->now;
    cepa_mesh_set_addresses(mesh, &address, 1, mesh->now); /* the same again */
    CHECK(cepa_mesh_is_filtered(mesh));
    CHECK_INT(mesh->vain_len, 3);
    struct cepa_mesh_peer *peer = begin_trial(mesh);
    CHECK_INT(cepa_time_since(mesh->now, since), 60 * CEPA_SECOND_NS);
    CHECK(peer != NULL && peer != peers[0] && peer != peers[1] && peer != peers[2]);
    if (peer == NULL) {
        return;
    }
    uint64_t misdeeds = mesh->counts.misdeeds;
    uint64_t nonce = mesh->trial.nonce;
    answer_trial(mesh, peer, true);
    CHECK(cepa_mesh_is_filtered(mesh));
    CHECK_INT(mesh->addresses_len, 0);
    CHECK_INT(mesh->counts.misdeeds, misdeeds + 1);
    mesh->trial.link = peer->link;
    mesh->trial.nonce = nonce;
    (void)count_effects(mesh);
    answer_trial(mesh, peer, false);
    CHECK(!cepa_mesh_is_filtered(mesh));
    CHECK_INT(mesh->addresses_len, 1);
    CHECK_INT(mesh->receipts_len, 1);
    CHECK_INT(mesh->vain_len, 0);
    CHECK_INT(count_effects(mesh), 1);
}

TEST(trials_become_rare_and_never_end)
{
    struct cepa_mesh *mesh = make();
    const struct cepa_mesh_receipt no = {.nonce = 7};
    uint64_t pause_s = 60;
    for (size_t i = 0; i < 3; i++) {
        say_no(mesh, peers[i], 8000);
    }
    for (int round = 0; round < 9; round++) {
        struct cepa_time before = mesh->now;
        struct cepa_mesh_peer *peer = begin_trial(mesh);
        CHECK_INT(cepa_time_since(mesh->now, before), pause_s * CEPA_SECOND_NS);
        pause_s = pause_s < 3840 ? pause_s * 2 : pause_s;
        if (peer != NULL) {
            mesh->trial.nonce = no.nonce;
            cepa_dialback_on_receipt(mesh, peer, &no);
            CHECK(mesh->trial.link == 0);
        }
        CHECK(cepa_mesh_is_filtered(mesh));
        mesh->vain_len = round == 3 ? CEPA_MESH_VAIN_MAX : mesh->vain_len;
    }
}

TEST_MAIN(RUN(three_networks_that_dial_in_vain_are_enough), RUN(refusals_say_nothing),
          RUN(who_was_reached_or_doubts_itself_is_not_filtered), RUN(another_address_is_tried_anew),
          RUN(what_is_withheld_is_tried_again), RUN(trials_become_rare_and_never_end))
