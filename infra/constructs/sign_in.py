"""How people sign in: a user pool of the stack's own, or the issuer that they have already."""

from __future__ import annotations

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from bursar.config.governance import Oidc

SIGNED_IN_PATH = "/signed-in"  # of the pages: where the issuer sends people back to
SIGNED_OUT_PATH = "/"


class SignIn(Construct):
    """Tokens are for this audience alone. The client is public: code flow with PKCE, no secret."""

    def __init__(
        self, scope: Construct, id_: str, *, oidc: Oidc | None, api_url: str, retain: bool
    ) -> None:
        super().__init__(scope, id_)
        if oidc:
            self.issuer, self.audience = oidc.issuer, oidc.audience
            self.authorize_url, self.token_url = oidc.authorize_url or "", oidc.token_url or ""
            self.sign_out_url = oidc.sign_out_url or ""
        else:
            pool = self._pool(retain)
            self.issuer = (
                f"https://cognito-idp.{Stack.of(self).region}.amazonaws.com/{pool.user_pool_id}"
            )
            self.audience = self._client(pool, api_url).user_pool_client_id
            hosted = self._hosted(pool)
            self.authorize_url = f"{hosted}/oauth2/authorize"
            self.token_url = f"{hosted}/oauth2/token"
            left = f"client_id={self.audience}&logout_uri={api_url}{SIGNED_OUT_PATH}"
            self.sign_out_url = f"{hosted}/logout?{left}"
        self.authorizer = authorizers.HttpJwtAuthorizer(
            "People", self.issuer, jwt_audience=[self.audience]
        )

    def _pool(self, retain: bool) -> cognito.UserPool:
        """People are invited; they sign in by mail address, password and a code of their phone."""
        return cognito.UserPool(
            self,
            "People",
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            mfa=cognito.Mfa.REQUIRED,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_digits=True,
                require_lowercase=True,
                require_symbols=True,
                require_uppercase=True,
            ),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            deletion_protection=retain,
            removal_policy=RemovalPolicy.RETAIN if retain else RemovalPolicy.DESTROY,
        )

    def _hosted(self, pool: cognito.UserPool) -> str:
        """Where Cognito's own pages are."""
        prefix = f"{Stack.of(self).stack_name.lower()}-{Stack.of(self).account}"
        domain = pool.add_domain(
            "Domain", cognito_domain=cognito.CognitoDomainOptions(domain_prefix=prefix)
        )
        return domain.base_url()

    def _client(self, pool: cognito.UserPool, api_url: str) -> cognito.UserPoolClient:
        return pool.add_client(
            "Pages",
            generate_secret=False,
            prevent_user_existence_errors=True,
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID, cognito.OAuthScope.EMAIL],
                callback_urls=[f"{api_url}{SIGNED_IN_PATH}"],
                logout_urls=[f"{api_url}{SIGNED_OUT_PATH}"],
            ),
        )
