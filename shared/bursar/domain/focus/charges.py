"""The words that FOCUS 1.2 allows: columns ChargeCategory, ChargeFrequency, PricingCategory,
ServiceCategory and ServiceSubcategory (https://focus.finops.org, specification 1.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class ChargeCategory(StrEnum):
    USAGE = "Usage"
    PURCHASE = "Purchase"
    TAX = "Tax"
    CREDIT = "Credit"
    ADJUSTMENT = "Adjustment"


class ChargeFrequency(StrEnum):
    ONE_TIME = "One-Time"
    RECURRING = "Recurring"
    USAGE_BASED = "Usage-Based"


class PricingCategory(StrEnum):
    STANDARD = "Standard"
    COMMITTED = "Committed"
    DYNAMIC = "Dynamic"  # the provider moves the price, as on the spot market
    OTHER = "Other"


class ServiceCategory(StrEnum):
    AI = "AI and Machine Learning"
    ANALYTICS = "Analytics"
    BUSINESS_APPLICATIONS = "Business Applications"
    COMPUTE = "Compute"
    DATABASES = "Databases"
    DEVELOPER_TOOLS = "Developer Tools"
    IDENTITY = "Identity"
    INTEGRATION = "Integration"
    INTERNET_OF_THINGS = "Internet of Things"
    MANAGEMENT_AND_GOVERNANCE = "Management and Governance"
    MEDIA = "Media"
    MIGRATION = "Migration"
    MOBILE = "Mobile"
    MULTICLOUD = "Multicloud"
    NETWORKING = "Networking"
    SECURITY = "Security"
    STORAGE = "Storage"
    WEB = "Web"
    OTHER = "Other"


_NAMED: Mapping[ServiceCategory, tuple[str, ...]] = {
    ServiceCategory.AI: (
        "AI Platforms",
        "Bots",
        "Generative AI",
        "Machine Learning",
        "Natural Language Processing",
    ),
    ServiceCategory.ANALYTICS: (
        "Analytics Platforms",
        "Business Intelligence",
        "Data Processing",
        "Search",
        "Streaming Analytics",
    ),
    ServiceCategory.BUSINESS_APPLICATIONS: ("Productivity and Collaboration",),
    ServiceCategory.COMPUTE: (
        "Containers",
        "End User Computing",
        "Quantum Compute",
        "Serverless Compute",
        "Virtual Machines",
    ),
    ServiceCategory.DATABASES: (
        "Caching",
        "Data Warehouses",
        "Ledger Databases",
        "NoSQL Databases",
        "Relational Databases",
        "Time Series Databases",
    ),
    ServiceCategory.DEVELOPER_TOOLS: (
        "Developer Platforms",
        "Continuous Integration and Deployment",
        "Development Environments",
        "Source Code Management",
        "Quality Assurance",
    ),
    ServiceCategory.IDENTITY: ("Identity and Access Management",),
    ServiceCategory.INTEGRATION: (
        "API Management",
        "Messaging",
        "Workflow Orchestration",
    ),
    ServiceCategory.INTERNET_OF_THINGS: (
        "IoT Analytics",
        "IoT Platforms",
    ),
    ServiceCategory.MANAGEMENT_AND_GOVERNANCE: (
        "Architecture",
        "Compliance",
        "Cost Management",
        "Data Governance",
        "Disaster Recovery",
        "Endpoint Management",
        "Observability",
        "Support",
    ),
    ServiceCategory.MEDIA: (
        "Content Creation",
        "Gaming",
        "Media Streaming",
        "Mixed Reality",
    ),
    ServiceCategory.MIGRATION: (
        "Data Migration",
        "Resource Migration",
    ),
    ServiceCategory.MULTICLOUD: ("Multicloud Integration",),
    ServiceCategory.NETWORKING: (
        "Application Networking",
        "Content Delivery",
        "Network Connectivity",
        "Network Infrastructure",
        "Network Routing",
        "Network Security",
    ),
    ServiceCategory.SECURITY: (
        "Secret Management",
        "Security Posture Management",
        "Threat Detection and Response",
    ),
    ServiceCategory.STORAGE: (
        "Backup Storage",
        "Block Storage",
        "File Storage",
        "Object Storage",
        "Storage Platforms",
    ),
    ServiceCategory.WEB: ("Application Platforms",),
}

SUBCATEGORIES: Mapping[ServiceCategory, tuple[str, ...]] = {
    category: (*_NAMED.get(category, ()), f"Other ({category})") for category in ServiceCategory
}
"""The subcategories of each category; the last is what fits none of the others."""
